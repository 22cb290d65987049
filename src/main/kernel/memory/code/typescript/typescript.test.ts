import { describe, expect, it } from 'vitest'
import { linkedCode } from '../../../testing/linked-code'

describe('TypeScript', () => {
  it('finds calls, reads, writes and types over files', async () => {
    const code = await linkedCode({
      'src/rates.ts': `export enum Country { DE, FR }
export let base = 1
export interface Rates { rateFor(country: Country): number; readonly name: string }
export abstract class Table implements Rates {
  private cache = 0
  get name(): string { return 'table' }
  rateFor(country: Country): number {
    this.cache += 1
    base = country
    return this.find(country) * base
  }
  abstract find(country: Country): number
}
`,
      'src/bill.ts': `import { Country, type Rates, base as start } from './rates'
export function bill(rates: Rates): number {
  const { name } = rates
  return rates.rateFor(Country.DE) + start + name.length
}
export const rules = { each: bill, nested: { all: () => bill } }
`,
    })
    expect(code.of('calls')).toEqual([
      'src/bill.ts#bill -> src/rates.ts#Rates.rateFor',
      'src/rates.ts#Table.rateFor -> src/rates.ts#Table.find',
    ])
    expect(code.of('reads', 'writes')).toEqual([
      'src/bill.ts#bill -> src/rates.ts#Country',
      'src/bill.ts#bill -> src/rates.ts#Country.DE',
      'src/bill.ts#bill -> src/rates.ts#Rates.name',
      'src/bill.ts#bill -> src/rates.ts#base',
      'src/rates.ts#Table.rateFor -> src/rates.ts#Table.cache',
      'src/rates.ts#Table.rateFor -> src/rates.ts#base',
      'src/rates.ts#Table.rateFor -> src/rates.ts#base',
    ])
    expect(code.of('inherits')).toEqual([
      'src/rates.ts#Table -> src/rates.ts#Rates',
      'src/rates.ts#Table.rateFor -> src/rates.ts#Rates.rateFor',
    ])
    expect(code.of('references')).toContain('src/bill.ts#bill -> src/rates.ts#Rates')
  })

  it('makes symbols of tests and says what they exercise', async () => {
    const code = await linkedCode({
      'src/tax.ts': 'export function tax(value: number): number { return value }\nexport function other(): void {}\n',
      'src/tax.test.ts': `import { describe, it, expect } from 'vitest'
import { tax, other } from './tax'
function twice(value: number): number { return tax(value) * 2 }
describe('tax 1.5', () => {
  it.each([1, 2])('adds %s', (value) => { expect(tax(value)).toBe(twice(value)) })
  it('hands on', () => { expect(other).toThrow() })
})
`,
    })
    expect(
      code
        .facts('src/tax.test.ts')
        .symbols.filter((symbol) => symbol.test)
        .map((symbol) => [symbol.key, symbol.name]),
    ).toEqual([
      ['test tax 1·5', 'tax 1.5'],
      ['test tax 1·5.adds %s', 'adds %s'],
      ['test tax 1·5.hands on', 'hands on'],
    ])
    expect(code.of('tests')).toEqual([
      'src/tax.test.ts -> src/tax.ts#other',
      'src/tax.test.ts -> src/tax.ts#tax',
      'src/tax.test.ts#test tax 1·5.adds %s -> src/tax.ts#tax',
      'src/tax.test.ts#test tax 1·5.hands on -> src/tax.ts#other',
    ])
  })

  it('follows values within and between functions', async () => {
    const code = await linkedCode({
      'src/gateway.ts': `import { charge } from './billing'
export async function handle(request: { user_id: string }) {
  const { user_id: userId } = request
  const order = { user_id: userId, note: 'for ' + userId }
  const receipt = await charge(userId, order)
  return receipt
}
`,
      'src/billing.ts': `export class Account { owner = '' }
export function charge(id: string, order: unknown): string {
  const account = new Account()
  account.owner = id.trim()
  return account.owner
}
`,
    })
    const [gateway, billing] = ['src/gateway.ts#handle', 'src/billing.ts']
    expect(code.edges.filter((edge) => edge.kind === 'flows_to').map((edge) => [edge.from, edge.to, edge.method])).toEqual([
      ['property:user_id', `${gateway}(userId)`, 'property read'],
      [`${gateway}(userId)`, 'property:user_id', 'property written'],
      [`${gateway}(userId)`, 'property:note', 'part of a value'],
      [`${gateway}(userId)`, `${gateway}(order)`, 'part of a value'],
      [`${gateway}(userId)`, `${billing}#charge(id)`, 'argument to parameter'],
      [`${billing}#charge`, `${gateway}(receipt)`, 'result of a call'],
      [`${gateway}(receipt)`, gateway, 'returned'],
      [`${billing}#charge(id)`, `${billing}#Account.owner`, 'through trim'],
      [`${billing}#Account.owner`, `${billing}#charge`, 'property read'],
    ])
  })
})
