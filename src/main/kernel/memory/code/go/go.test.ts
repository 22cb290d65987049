import { describe, expect, it } from 'vitest'
import { linkedCode } from '../../../testing/linked-code'

const shop = {
  'go.mod': 'module example.org/shop\n\ngo 1.21\n',
  'tools/go.mod': 'module example.org/shop/tools\n',
  'tools/gen/gen.go': 'package gen\n\nfunc Make() int { return 1 }\n',
  'billing/bill.go': `// Package billing makes bills.
package billing

import (
	"fmt"

	"example.org/shop/rates"
	gen "example.org/shop/tools/gen"
)

// Limit is the most.
const Limit = 100

// Bill is one bill.
type Bill struct {
	base
	Owner string
	lines []*Line
	rates rates.Source
}

// Total adds up.
func (b *Bill) Total(country string) int {
	sum := gen.Make()
	for _, line := range b.lines {
		sum += line.amount()
	}
	b.touch()
	if sum > Limit {
		fmt.Println(b.rates.RateFor(country))
	}
	return sum + helper(b)
}

func NewBill(owner string) *Bill {
	return &Bill{Owner: owner, rates: rates.Table{}}
}
`,
  'billing/line.go': `package billing

type base struct{ touched bool }

func (b *base) touch() { b.touched = true }

type Line struct{ value int }

func (l Line) amount() int { return l.value }

func helper(b *Bill) int { return NewBill("x").Total("DE") + len(b.lines) }
`,
  'rates/rates.go': `package rates

type Source interface {
	RateFor(country string) float64
	Name() string
}

type Table struct{}

func (Table) RateFor(country string) float64 { return 1 }
func (Table) Name() string                   { return "" }

type Half struct{}

func (Half) Name() string { return "" }
`,
  'billing/bill_test.go': `package billing

import "testing"

func TestTotal(t *testing.T) {
	if NewBill("a").Total("DE") != 1 {
		t.Fail()
	}
}
`,
}

describe('Go', () => {
  it('finds calls over files of a package, packages and modules', async () => {
    const code = await linkedCode(shop)
    const [bill, line] = ['billing/bill.go', 'billing/line.go']
    expect(code.of('calls')).toEqual(
      [
        `${bill}#Bill.Total -> ${line}#Line.amount`,
        `${bill}#Bill.Total -> ${line}#base.touch`,
        `${bill}#Bill.Total -> ${line}#helper`,
        `${bill}#Bill.Total -> rates/rates.go#Source.RateFor`,
        `${bill}#Bill.Total -> tools/gen/gen.go#Make`,
        `${line}#helper -> ${bill}#Bill.Total`,
        `${line}#helper -> ${bill}#NewBill`,
        `billing/bill_test.go#TestTotal -> ${bill}#Bill.Total`,
        `billing/bill_test.go#TestTotal -> ${bill}#NewBill`,
      ].toSorted(),
    )
    expect(code.of('tests')).toEqual([
      `billing/bill_test.go#TestTotal -> ${bill}#Bill.Total`,
      `billing/bill_test.go#TestTotal -> ${bill}#NewBill`,
    ])
    expect(code.of('writes')).toEqual([
      `${bill}#NewBill -> ${bill}#Bill.Owner`,
      `${bill}#NewBill -> ${bill}#Bill.rates`,
      `${line}#base.touch -> ${line}#base.touched`,
    ])
    expect(code.of('reads')).toContain(`${bill}#Bill.Total -> ${bill}#Limit`)
  })

  it('tells which types fulfil an interface, and what is embedded', async () => {
    const code = await linkedCode(shop)
    expect(code.edges.filter((edge) => edge.kind === 'inherits').map((edge) => [`${edge.from} -> ${edge.to}`, edge.confidence])).toEqual([
      ['billing/bill.go#Bill -> billing/line.go#base', 0.95],
      ['rates/rates.go#Table -> rates/rates.go#Source', 0.7],
      ['rates/rates.go#Table.RateFor -> rates/rates.go#Source.RateFor', 0.7],
      ['rates/rates.go#Table.Name -> rates/rates.go#Source.Name', 0.7],
    ])
  })

  it('says what symbols are', async () => {
    const code = await linkedCode(shop)
    expect(
      code.facts('billing/bill.go').symbols.map(({ key, kind, exported, doc, signature }) => [kind, key, exported, doc, signature]),
    ).toEqual([
      ['variable', 'Limit', true, 'Limit is the most.', 'const Limit = 100'],
      ['class', 'Bill', true, 'Bill is one bill.', 'type Bill struct'],
      ['property', 'Bill.base', false, '', 'base'],
      ['property', 'Bill.Owner', true, '', 'Owner string'],
      ['property', 'Bill.lines', false, '', 'lines []*Line'],
      ['property', 'Bill.rates', false, '', 'rates rates.Source'],
      ['method', 'Bill.Total', true, 'Total adds up.', 'func (b *Bill) Total(country string) int'],
      ['function', 'NewBill', true, '', 'func NewBill(owner string) *Bill'],
    ])
    expect(code.facts('billing/bill.go').fileDoc).toBe('Package billing makes bills.')
  })

  it('reads what it can of a file with syntax errors', async () => {
    const code = await linkedCode({ 'a.go': 'package a\n\nfunc ok() {}\n\nfunc broken( {\n\nfunc later() { ok() }\n' })
    expect(code.facts('a.go').errorLine).toBeGreaterThan(3)
    expect(code.facts('a.go').symbols.map((symbol) => symbol.key)).toContain('ok')
  })
})
