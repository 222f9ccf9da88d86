import { emptyBytes, type ConfState } from '../../core/types.js'
import { type Argument, type Directive } from '../data-driven.js'
import { encodeText } from '../text.js'
import { type Environment } from './environment.js'
import { type NodeOptions } from './scenario-node.js'

/** What the arguments of `add-nodes` add up to. */
interface NodeTemplate {
  voters: number[]
  learners: number[]
  index: number
  content: Uint8Array
  isBootstrapped: boolean
  options: { -readonly [Key in keyof NodeOptions]: NodeOptions[Key] }
}

type OptionReader = (template: NodeTemplate, value: string) => void

const readers: Readonly<Record<string, OptionReader>> = {
  voters: (template, value) => template.voters.push(Number(value)),
  learners: (template, value) => template.learners.push(Number(value)),
  index: (template, value) => {
    template.index = Number(value)
    template.options.appliedIndex = Number(value)
  },
  content: (template, value) => {
    template.content = encodeText(value)
  },
  inflight: (template, value) => {
    template.options.inflightMessagesMax = Number(value)
  },
  'async-storage-writes': (template, value) => {
    template.options.asyncStorageWrites = isTrue(value)
  },
  prevote: (template, value) => {
    template.options.preVote = isTrue(value)
  },
  checkquorum: (template, value) => {
    template.options.checkQuorum = isTrue(value)
  },
  'max-committed-size-per-ready': (template, value) => {
    if (Number(value) > 0) template.options.applyingBytesMax = Number(value)
  },
  'disable-conf-change-validation': (template, value) => {
    template.options.disableConfChangeValidation = isTrue(value)
  },
  'step-down-on-removal': (template, value) => {
    template.options.stepDownOnRemoval = isTrue(value)
  },
  // From here on: options that only our own scenarios use.
  'transfer-before-removal': (template, value) => {
    template.options.transferBeforeRemoval = isTrue(value)
  },
  'share-commit-in-votes': (template, value) => {
    template.options.shareCommitInVotes = isTrue(value)
  },
  'disable-proposal-forwarding': (template, value) => {
    template.options.disableProposalForwarding = isTrue(value)
  },
}

/** `add-nodes N [voters=(..)] [learners=(..)] [index=I] …`: new nodes with the next ids, all alike. */
export function addNodes(environment: Environment, { args }: Directive): string | undefined {
  const template: NodeTemplate = {
    voters: [],
    learners: [],
    index: 0,
    content: emptyBytes,
    isBootstrapped: false,
    options: {},
  }
  for (const argument of args.slice(1)) {
    const error = readOption(template, argument)
    if (error !== undefined) return error
  }
  if (template.isBootstrapped && template.index <= 1) return 'index must be specified as > 1 due to bootstrap'
  const confState: ConfState = {
    voters: template.voters,
    votersOutgoing: [],
    learners: template.learners,
    learnersNext: [],
    autoLeave: false,
  }
  const term = template.isBootstrapped ? 1 : 0
  const start = { index: template.index, term, confState, data: template.content }
  for (let count = Number(args[0]?.key ?? 0); count > 0; count--) environment.addNode(start, template.options)
  return undefined
}

function readOption(template: NodeTemplate, { key, values }: Argument): string | undefined {
  for (const value of values) {
    if (key === 'read-only') {
      if (value !== 'safe' && value !== 'lease-based') return `invalid read-only option "${value}"`
      template.options.readMode = value === 'safe' ? 'safe' : 'lease'
      continue
    }
    const read = readers[key]
    if (read === undefined) continue
    read(template, value)
    if (key === 'voters' || key === 'learners' || key === 'index' || key === 'content') template.isBootstrapped = true
  }
  return undefined
}

function isTrue(value: string): boolean {
  return /^(1|t|true)$/i.test(value)
}
