/** How a topic is asked for that has to be there. */
export const TOPIC_ARGUMENT = ['<topic>', 'an existing topic'] as const
