import type { Finding, VerifySummary } from '@walrus/wal'
import { counted, findingLine } from './finding-line.js'
import { print, type LogStreams } from './log-streams.js'
import { ProgressBar } from './progress-bar.js'
import { withInspector } from './with-inspector.js'

export interface VerifyOptions {
  readonly json?: true
}

/** Prints what is found, as it is found. Resolves with the exit code: 1 for damage. */
export async function verifyLog(path: string, options: VerifyOptions, streams: LogStreams): Promise<0 | 1> {
  return withInspector(path, async (inspector, logPath) => {
    const bar = new ProgressBar(streams.stderr)
    const report = options.json ? jsonReport(logPath, streams) : textReport(streams)
    await report.begin()
    const summary = await inspector.verify({
      onFinding: async (finding) => {
        bar.clear()
        await report.finding(finding)
      },
      onProgress: (doneBytes, totalBytes) => bar.update(doneBytes, totalBytes),
    })
    bar.clear()
    await report.end(summary)
    return summary.whole ? 0 : 1
  })
}

interface Report {
  begin(): Promise<void>
  finding(finding: Finding): Promise<void>
  end(summary: VerifySummary): Promise<void>
}

function textReport({ stdout }: LogStreams): Report {
  return {
    begin: () => Promise.resolve(),
    finding: (finding) => print(stdout, `${findingLine(finding)}\n`),
    end: (summary) => print(stdout, `${summaryLine(summary)}\n`),
  }
}

/** Written piece by piece: a disk that is dying can have more findings than memory holds. */
function jsonReport(logPath: string, { stdout }: LogStreams): Report {
  let separator = ''
  return {
    begin: () => print(stdout, `{"path":${JSON.stringify(logPath)},"findings":[`),
    finding: async (finding) => {
      await print(stdout, `${separator}\n${JSON.stringify(finding)}`)
      separator = ','
    },
    end: (summary) => print(stdout, `],\n"summary":${JSON.stringify(summary)}}\n`),
  }
}

function summaryLine(summary: VerifySummary): string {
  const { whole, damageCount, fileCount, topicCount, segmentCount, batchCount, entryCount, bytes } = summary
  const verdict = whole ? 'Whole' : `Damaged in ${counted(damageCount, 'place')}`
  const read = [
    counted(fileCount, 'file'),
    counted(topicCount, 'topic'),
    counted(segmentCount, 'segment'),
    counted(batchCount, 'batch', 'batches'),
    counted(entryCount, 'entry', 'entries'),
    counted(bytes, 'byte'),
  ]
  return `${verdict}: read ${read.join(', ')}`
}
