import { createHash } from 'node:crypto'
import { encodeState } from '@walrus/core'
import type { RaftMetadataLog } from '@walrus/metadata-raft'
import type { LoadReport, MemberAnswer, MemberOptions, MemberRequest, MemberView } from './member-messages.js'
import { openMember, type Member } from './open-member.js'
import { runLoad } from './run-load.js'

/** The process of one member: its options are its argument, its parent asks for the rest. It ends with its parent. */
const options = JSON.parse(process.argv[2] ?? '') as MemberOptions
const member = await openMember(options)

process.on('message', (request: MemberRequest) => void answer(request))
process.on('disconnect', () => process.exit(0))
tell({ ready: member.address })

async function answer(request: MemberRequest): Promise<void> {
  try {
    tell({ id: request.id, value: await perform(member, request) })
  } catch (error) {
    tell({ id: request.id, error: String(error) })
  }
  if (request.do === 'stop') process.disconnect()
}

async function perform({ log, close }: Member, request: MemberRequest): Promise<LoadReport | MemberView | null> {
  switch (request.do) {
    case 'propose':
      return runLoad(log, options.id, request.load)
    case 'look':
      await log.node.readIndex()
      return viewOf(log)
    case 'stop':
      await close()
      return null
  }
}

function viewOf(log: RaftMetadataLog): MemberView {
  const { state } = log
  const { id, role, term, leader, lastAppliedIndex, snapshotIndex, purgedIndex, voterConfigurations } = log.status()
  const status = { id, role, term, leader, lastAppliedIndex, snapshotIndex, purgedIndex, voterConfigurations }
  const numbers = Object.fromEntries([...state.topics].map(([name, { config }]) => [name, config.retentionMs]))
  const digest = createHash('sha256').update(encodeState(state)).digest('hex')
  return { digest, version: state.version, numbers, status }
}

function tell(answer: MemberAnswer): void {
  process.send?.(answer)
}
