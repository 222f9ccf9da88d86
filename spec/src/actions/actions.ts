import { completeCopy } from './complete-copy.js'
import { proposeFence, takeOver } from './fence.js'
import { get } from './get.js'
import { applyProposal, learnMetadata } from './metadata.js'
import { crash, fallSilent, reachMajority, refuseCommit, restart } from './node-life.js'
import { openSegment } from './open-segment.js'
import { put } from './put.js'
import { recover } from './recover.js'
import { learnConfirmed, receiveStretch, sendStretch, sync } from './replicate.js'
import { rollOver } from './roll-over.js'
import type { Action } from './step.js'

/** All that can happen. Each has an action of the same name in Walrus.tla. */
export const ACTIONS: Readonly<Record<string, Action>> = {
  put,
  sync,
  sendStretch,
  receiveStretch,
  learnConfirmed,
  rollOver,
  applyProposal,
  learnMetadata,
  openSegment,
  proposeFence,
  takeOver,
  recover,
  get,
  completeCopy,
  crash,
  restart,
  fallSilent,
  reachMajority,
  refuseCommit,
}
