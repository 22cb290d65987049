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
      [`${gateway}(order)`, `${billing}#charge(order)`, 'argument to parameter'],
      [`${billing}#charge`, `${gateway}(receipt)`, 'result of a call'],
      [`${gateway}(receipt)`, gateway, 'returned'],
      [`${billing}#charge(id)`, `${billing}#Account.owner`, 'through trim'],
      [`${billing}#Account.owner`, `${billing}#charge`, 'property read'],
    ])
  })

  it('leads values through interfaces to what fulfils them', async () => {
    const code = await linkedCode({
      'a.ts': `export interface Store { save(id: string): string }
export class Table implements Store { save(key: string): string { return key } }
export function keep(store: Store, userId: string) { return store.save(userId) }
`,
    })
    expect(code.of('flows_to')).toEqual([
      'a.ts#Store.save -> a.ts#keep',
      'a.ts#Store.save(id) -> a.ts#Table.save(key)',
      'a.ts#Table.save -> a.ts#Store.save',
      'a.ts#Table.save(key) -> a.ts#Table.save',
      'a.ts#keep(userId) -> a.ts#Store.save(id)',
    ])
  })

  it('knows decorators, components, overloads, CommonJS and names that modules hand on', async () => {
    const code = await linkedCode({
      'src/parts.tsx': `import * as kit from './kit'
export const Row = (props: { id: string }) => <tr>{props.id}</tr>
export function Table() { return <kit.Frame><Row id="1" /></kit.Frame> }
`,
      'src/kit/index.ts': `export * from './frame'
export { mark as Mark } from './mark'
`,
      'src/kit/frame.tsx': 'export function Frame() { return null }\n',
      'src/kit/mark.ts': 'export function mark(name: string) { return (type: unknown) => type }\n',
      'src/service.ts': `import { Mark } from './kit'
import { load } from './old'
@Mark('s') export class Service {
  @Mark('m') run(): void
  run(id?: string): void { load(id) }
}
`,
      'src/old.js': `const helper = require('./helper')
module.exports = { load, other: () => helper() }
function load(id) { return helper(id) }
`,
      'src/helper.js': 'module.exports = function help(id) { return id }\n',
    })
    expect(code.of('calls')).toEqual([
      'src/old.js#load -> src/helper.js#default',
      'src/old.js#other -> src/helper.js#default',
      'src/parts.tsx#Table -> src/kit/frame.tsx#Frame',
      'src/parts.tsx#Table -> src/parts.tsx#Row',
      'src/service.ts#Service -> src/kit/mark.ts#mark',
      'src/service.ts#Service.run -> src/kit/mark.ts#mark',
      'src/service.ts#Service.run -> src/old.js#load',
    ])
  })

  it('knows what the elements of lists are', async () => {
    const code = await linkedCode({
      'a.ts': `export class Line { amount(): number { return 1 } is(other: Line): boolean { return true } }
export class Bill { readonly lines: readonly Line[] = []; all(): Promise<Line[]> { throw 1 } find(): string { return '' } }
export function loop(bill: Bill) { for (const line of bill.lines) line.amount() }
export async function callback(bill: Bill) { (await bill.all()).filter((line) => line.is(line)).map((line) => line.amount()) }
export function first(lines: Set<Line>, bills: Bill[]) { [...lines].map((x) => x.amount()); bills[0].find(); bills.find((b) => b.all()).find() }
`,
    })
    expect(code.of('calls')).toEqual([
      'a.ts#callback -> a.ts#Bill.all',
      'a.ts#callback -> a.ts#Line.amount',
      'a.ts#callback -> a.ts#Line.is',
      'a.ts#first -> a.ts#Bill.all',
      'a.ts#first -> a.ts#Bill.find',
      'a.ts#loop -> a.ts#Line.amount',
    ])
  })
})
