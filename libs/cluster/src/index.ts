export type { AnswerSink, ClientService, ClientSession } from './client-session.js'
