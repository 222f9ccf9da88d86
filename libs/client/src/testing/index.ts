export { BrokerFailure, listenBinary, type BinaryAnswer, type BinaryScript } from './binary-broker.js'
export { frame, ScriptedBroker, type Answer } from './scripted-broker.js'
