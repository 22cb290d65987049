/**
 * The bytes of an ONNX model with one node: `last_hidden_state = Gather(table, input_ids)`, a table of vectors by token. Small enough to be written by
 * hand, real enough for a real runtime. Field numbers are those of onnx.proto3.
 */
export function tinyOnnxModel(tokens: number, dimensions: number, value: (token: number, place: number) => number): Uint8Array {
  const table = new Float32Array(tokens * dimensions)
  for (let token = 0; token < tokens; token += 1) {
    for (let place = 0; place < dimensions; place += 1) table[token * dimensions + place] = value(token, place)
  }
  const FLOAT = 1
  const INT64 = 7
  const weights = message([
    ...[tokens, dimensions].map((size) => varintField(1, size)),
    varintField(2, FLOAT),
    textField(8, 'table'),
    bytesField(9, new Uint8Array(table.buffer)),
  ])
  const node = message([textField(1, 'table'), textField(1, 'input_ids'), textField(2, 'last_hidden_state'), textField(4, 'Gather')])
  const graph = message([
    bytesField(1, node),
    textField(2, 'tiny'),
    bytesField(5, weights),
    bytesField(11, valueInfo('input_ids', INT64, ['batch', 'sequence'])),
    bytesField(12, valueInfo('last_hidden_state', FLOAT, ['batch', 'sequence', dimensions])),
  ])
  const opset = message([textField(1, ''), varintField(2, 13)])
  return message([varintField(1, 8), bytesField(7, graph), bytesField(8, opset)])
}

function valueInfo(name: string, type: number, dims: readonly (string | number)[]): Uint8Array {
  const shape = message(dims.map((dim) => bytesField(1, message([typeof dim === 'number' ? varintField(1, dim) : textField(2, dim)]))))
  const tensor = message([varintField(1, type), bytesField(2, shape)])
  return message([textField(1, name), bytesField(2, message([bytesField(1, tensor)]))])
}

function message(fields: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(fields))
}

function varintField(field: number, value: number): Uint8Array {
  return Buffer.concat([varint(field * 8), varint(value)])
}

function textField(field: number, text: string): Uint8Array {
  return bytesField(field, Buffer.from(text, 'utf8'))
}

function bytesField(field: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes])
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  return Uint8Array.from([...bytes, rest])
}
