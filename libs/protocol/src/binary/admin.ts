import { WalrusError } from '@walrus/core'
import type { ByteReader } from '../peer/byte-reader.js'
import { decodeUtf8 } from '../text/utf8.js'
import {
  adminOperations,
  isAdminOperation,
  type AdminOperationName,
  type AdminReply,
  type AdminRequest,
} from './admin/admin-operations.js'
import type { BinaryCommand, InvalidBody } from './binary-command.js'

/*
 *   request   ┌────────────┬───────────────┬───────────┬───────────────────┐
 *             │ version u8 │ nameLength u8 │ operation │ JSON, UTF-8, rest │
 *             └────────────┴───────────────┴───────────┴───────────────────┘
 *   answer    ┌───────────────┬───────────┬───────────────────┐
 *             │ nameLength u8 │ operation │ JSON, UTF-8, rest │
 *             └───────────────┴───────────┴───────────────────┘
 */

/** Version of the operations' JSON. Fields may be added without another one: what a reader does not know it leaves alone. */
export const ADMIN_VERSION = 1

/** Administration is small: a larger JSON of a request is not even read. */
export const ADMIN_JSON_BYTES_MAX = 65_536

export const admin: BinaryCommand<AdminRequest, AdminReply> = {
  code: 0x85,
  writeRequest: ({ operation, parameters }, output) => {
    const json = JSON.stringify(parameters)
    const checked = adminOperations[operation].parameters(parameters)
    if (!checked.ok) throw new WalrusError('INVALID_ARGUMENT', cannot(operation, checked.fault))
    output.u8(ADMIN_VERSION)
    output.shortText(operation)
    output.text(json)
  },
  readRequest: (input) => {
    const version = input.u8()
    const operation = input.text(input.u8())
    const json = input.bytes(input.remaining)
    if (input.fault !== undefined) return invalid('INVALID_ARGUMENT', 'Cannot administer: the request is cut off')
    if (version !== ADMIN_VERSION) {
      return invalid('UNSUPPORTED_FORMAT', `Cannot administer: version "${version}" is not known`)
    }
    if (!isAdminOperation(operation)) {
      return invalid('UNSUPPORTED_FORMAT', `Cannot administer: no operation is named ${JSON.stringify(operation)}`)
    }
    return readParameters(operation, json)
  },
  writeReply: ({ operation, result }, output) => {
    output.shortText(operation)
    output.text(JSON.stringify(result))
  },
  readReply: (input) => {
    const operation = input.text(input.u8())
    const result = isAdminOperation(operation) ? readResult(operation, input) : undefined
    if (result === undefined) input.fail('range')
    return { operation, result } as AdminReply
  },
}

function readParameters(operation: AdminOperationName, json: Uint8Array): AdminRequest | InvalidBody {
  if (json.length > ADMIN_JSON_BYTES_MAX) {
    return invalid('INVALID_ARGUMENT', cannot(operation, `${json.length} bytes exceed ${ADMIN_JSON_BYTES_MAX}`))
  }
  const parameters = adminOperations[operation].parameters(parsedJson(json))
  if (!parameters.ok) return invalid('INVALID_ARGUMENT', cannot(operation, parameters.fault))
  return { command: 'admin', operation, parameters: parameters.value } as AdminRequest
}

function readResult(operation: AdminOperationName, input: ByteReader): unknown {
  const result = adminOperations[operation].result(parsedJson(input.bytes(input.remaining)))
  return result.ok ? result.value : undefined
}

/** Undefined, which is no parameters and no result, when it is not JSON. */
function parsedJson(bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes, 0, bytes.length)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function cannot(operation: AdminOperationName, reason: string): string {
  return `Cannot do "${operation}": ${reason}`
}

function invalid(code: InvalidBody['code'], message: string): InvalidBody {
  return { command: 'invalid', code, message }
}
