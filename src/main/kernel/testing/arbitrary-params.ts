import fc from 'fast-check'
import { z } from 'zod'
import { type MethodName, Methods } from '../../../shared/contract/methods'

/** The parts of JSON Schema that the contract's schemas come out as. */
interface Shape {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Shape[]
  readonly oneOf?: readonly Shape[]
  readonly properties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Shape | boolean
  readonly items?: Shape
  readonly minItems?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly maxLength?: number
}

/** Values that are likely to reach deep, by the name of the property that they are for. */
export type Likely = Readonly<Record<string, readonly unknown[]>>

/** Parameters that a method's schema accepts, or nearly: unknown ids and hashes, frames that do not exist, odd texts. */
export function arbitraryParams(method: MethodName, likely: Likely): fc.Arbitrary<unknown> {
  const schema: Shape = z.toJSONSchema(Methods[method].params, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as Shape
  return fc.oneof({ weight: 15, arbitrary: ofShape(schema, '', likely) }, { weight: 1, arbitrary: fc.jsonValue() })
}

function ofShape(shape: Shape, name: string, likely: Likely): fc.Arbitrary<unknown> {
  const known = likely[name]
  const any = ofType(shape, name, likely)
  return known === undefined ? any : fc.oneof({ weight: 15, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: any })
}

function ofType(shape: Shape, name: string, likely: Likely): fc.Arbitrary<unknown> {
  if (shape.const !== undefined) return fc.constant(shape.const)
  if (shape.enum !== undefined) return fc.constantFrom(...shape.enum)
  const choices = shape.anyOf ?? shape.oneOf
  if (choices !== undefined) return fc.oneof(...choices.map((choice) => ofType(choice, name, likely)))
  switch (shape.type) {
    case 'object':
      return ofObject(shape, likely)
    case 'array':
      return fc.array(ofShape(shape.items ?? {}, name, likely), { minLength: shape.minItems ?? 0, maxLength: 3 })
    case 'string':
      return fc.string({ unit: 'binary', maxLength: Math.min(shape.maxLength ?? 40, 40) })
    case 'integer': {
      const min = Math.max(shape.minimum ?? -5, -5)
      const small = fc.integer({ min, max: Math.max(min, Math.min(shape.maximum ?? 500, 500)) })
      return fc.oneof({ weight: 5, arbitrary: small }, { weight: 1, arbitrary: fc.constantFrom(2 ** 31, 2 ** 53 - 1) })
    }
    case 'number':
      return fc.oneof(fc.integer({ min: 0, max: 100 }), fc.double())
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    default:
      return fc.jsonValue({ maxDepth: 2 })
  }
}

function ofObject(shape: Shape, likely: Likely): fc.Arbitrary<unknown> {
  const { properties, additionalProperties } = shape
  if (properties === undefined) {
    const values = typeof additionalProperties === 'object' ? ofShape(additionalProperties, '', likely) : fc.jsonValue({ maxDepth: 1 })
    const keys = fc.oneof(fc.constantFrom(...(likely['path'] ?? ['a']).map(String)), fc.string({ maxLength: 8 }))
    return fc.dictionary(keys, values, { maxKeys: 3 })
  }
  const parts = Object.fromEntries(Object.entries(properties).map(([key, part]) => [key, ofShape(part, key, likely)]))
  return fc.record(parts, { requiredKeys: [...(shape.required ?? [])] })
}
