import type { Scenario } from './scenario.js'
import { diskFull } from './scenarios/disk-full.js'
import { failover } from './scenarios/failover.js'
import { graceful } from './scenarios/graceful.js'
import { join } from './scenarios/join.js'
import { logs } from './scenarios/logs.js'
import { manyTopics } from './scenarios/many-topics.js'
import { minority } from './scenarios/minority.js'
import { multiTopic } from './scenarios/multi-topic.js'
import { partition } from './scenarios/partition.js'
import { pause } from './scenarios/pause.js'
import { recovery } from './scenarios/recovery.js'
import { replacement } from './scenarios/replacement.js'
import { resilience } from './scenarios/resilience.js'
import { rollover } from './scenarios/rollover.js'
import { stress } from './scenarios/stress.js'

/** The cluster tests: a scenario exists when it is in this list. */
export const scenarios: readonly Scenario[] = [
  logs,
  rollover,
  resilience,
  recovery,
  stress,
  multiTopic,
  manyTopics,
  partition,
  join,
  replacement,
  failover,
  graceful,
  pause,
  minority,
  diskFull,
]
