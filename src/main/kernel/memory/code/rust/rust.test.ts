import { describe, expect, it } from 'vitest'
import { linkedCode } from '../../../testing/linked-code'

const workspace = {
  'Cargo.toml': '[workspace]\nmembers = ["billing", "app"]\n',
  'billing/Cargo.toml': '[package]\nname = "shop-billing"\n',
  'billing/src/lib.rs': `//! Bills.
#[macro_use]
mod macros;
pub mod invoice;
mod rates;
pub use self::invoice::{Invoice, Kind as InvoiceKind};
pub use rates::*;
pub const LIMIT: usize = 10;
fn private_help() -> usize { LIMIT }
`,
  'billing/src/macros.rs': 'macro_rules! trace { ($x:expr) => { print($x) } }\n',
  'billing/src/rates.rs': `use std::fmt;
/// What a country takes.
#[derive(Clone)]
pub struct Rates { pub standard: f64, cache: Option<Box<Cache>> }
struct Cache;
impl Cache { fn get(&self) -> f64 { 1.0 } }
impl Rates {
    pub fn new() -> Self { Self { standard: 1.0, cache: None } }
    pub fn open() -> Result<Self, ()> { Ok(Rates::new()) }
    pub fn of(&self, country: &str) -> f64 { self.cache.as_ref().unwrap().get() + self.standard }
}
impl fmt::Display for Rates { fn fmt(&self) {} }
pub trait Priced { fn price(&self) -> f64; fn twice(&self) -> f64 { self.price() * 2.0 } }
`,
  'billing/src/invoice.rs': `use crate::rates::{self, Priced, Rates as R};
use super::private_help;
mod lines;
pub enum Kind { Draft, Paid(f64) }
pub struct Invoice { rates: R, pub kind: Kind, total: f64 }
impl Invoice {
    pub fn new(rates: R) -> Invoice { Invoice { rates, kind: Kind::Draft, total: 0.0 } }
    pub fn pay(&mut self) {
        self.total = self.rates.of("DE");
        self.kind = Kind::Paid(self.total);
        let other = rates::Rates::open()?;
        other.of("FR");
        trace!(private_help());
        self.add_line();
        if let Some(line) = self.first() { line.sum(); }
        crate::rates::Rates::new();
    }
}
impl Priced for Invoice { fn price(&self) -> f64 { self.total } }
pub fn all<T: Priced>(items: &[T], one: &dyn Priced, it: T) { one.price(); it.twice(); inner::deep(); }
mod inner { pub fn deep() { super::all(); } }
#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn pays() { let mut i = Invoice::new(R::new()); i.pay(); assert_eq!(i.price(), all(1)); }
}
`,
  'billing/src/invoice/lines.rs': `use super::Invoice;
pub struct Line;
impl Line { pub fn sum(&self) {} }
impl Invoice { pub fn add_line(&self) {} pub fn first(&self) -> Option<Line> { None } }
`,
  'app/Cargo.toml': '[package]\nname = "app"\n[dependencies]\nbills = { package = "shop-billing", path = "../billing" }\n',
  'app/src/main.rs': `use bills::{Invoice, InvoiceKind, Rates};
use bills::invoice;
mod cli;
static mut COUNT: usize = 0;
fn main() {
    let invoice = Invoice::new(Rates::new());
    invoice.pay();
    invoice::inner_call();
    cli::run(InvoiceKind::Draft);
    unsafe { COUNT += 1; }
    bills::invoice::all();
}
`,
  'app/src/cli.rs': 'pub fn run(kind: bills::InvoiceKind) { helper(self::run); crate::main(); }\nfn helper(f: fn()) {}\n',
}

const [invoice, rates, lines] = ['billing/src/invoice.rs', 'billing/src/rates.rs', 'billing/src/invoice/lines.rs']

describe('Rust', () => {
  it('finds calls over modules, crates, traits and blocks in other files', async () => {
    const code = await linkedCode(workspace)
    expect(code.of('calls')).toEqual(
      [
        `${rates}#Rates.new -> ${rates}#Rates`,
        `${rates}#Rates.open -> ${rates}#Rates.new`,
        `${rates}#Rates.of -> ${rates}#Cache.get`,
        `${rates}#Priced.twice -> ${rates}#Priced.price`,
        `${invoice}#Invoice.new -> ${invoice}#Invoice`,
        `${invoice}#Invoice.pay -> ${rates}#Rates.of`,
        `${invoice}#Invoice.pay -> ${rates}#Rates.open`,
        `${invoice}#Invoice.pay -> ${rates}#Rates.new`,
        `${invoice}#Invoice.pay -> billing/src/macros.rs#trace!`,
        `${invoice}#Invoice.pay -> billing/src/lib.rs#private_help`,
        `${invoice}#Invoice.pay -> ${lines}#Invoice.add_line`,
        `${invoice}#Invoice.pay -> ${lines}#Invoice.first`,
        `${invoice}#Invoice.pay -> ${lines}#Line.sum`,
        `${invoice}#all -> ${rates}#Priced.price`,
        `${invoice}#all -> ${rates}#Priced.twice`,
        `${invoice}#all -> ${invoice}#inner.deep`,
        `${invoice}#inner.deep -> ${invoice}#all`,
        `${invoice}#tests.pays -> ${invoice}#Invoice.new`,
        `${invoice}#tests.pays -> ${rates}#Rates.new`,
        `${invoice}#tests.pays -> ${invoice}#Invoice.pay`,
        `${invoice}#tests.pays -> ${invoice}#Invoice.price`,
        `${invoice}#tests.pays -> ${invoice}#all`,
        `app/src/main.rs#main -> ${invoice}#Invoice.new`,
        `app/src/main.rs#main -> ${rates}#Rates.new`,
        `app/src/main.rs#main -> ${invoice}#Invoice.pay`,
        `app/src/main.rs#main -> ${invoice}#all`,
        'app/src/main.rs#main -> app/src/cli.rs#run',
        'app/src/cli.rs#run -> app/src/cli.rs#helper',
        'app/src/cli.rs#run -> app/src/main.rs#main',
      ].toSorted(),
    )
    expect(code.of('writes')).toEqual(
      [
        `${invoice}#Invoice.pay -> ${invoice}#Invoice.kind`,
        `${invoice}#Invoice.pay -> ${invoice}#Invoice.total`,
        'app/src/main.rs#main -> app/src/main.rs#COUNT',
      ].toSorted(),
    )
    expect(code.of('inherits')).toEqual(
      [`${invoice}#Invoice -> ${rates}#Priced`, `${invoice}#Invoice.price -> ${rates}#Priced.price`].toSorted(),
    )
    expect(code.of('imports').filter((edge) => edge.startsWith('billing/src/lib.rs'))).toEqual([
      `billing/src/lib.rs -> ${invoice}`,
      'billing/src/lib.rs -> billing/src/macros.rs',
      `billing/src/lib.rs -> ${rates}`,
    ])
  })

  it('says what symbols are', async () => {
    const code = await linkedCode(workspace)
    expect(code.facts(rates).symbols.map(({ key, kind, exported, doc }) => ({ key, kind, exported, doc }))).toEqual([
      { key: 'Rates', kind: 'class', exported: true, doc: 'What a country takes.' },
      { key: 'Rates.standard', kind: 'property', exported: true, doc: '' },
      { key: 'Rates.cache', kind: 'property', exported: false, doc: '' },
      { key: 'Cache', kind: 'class', exported: false, doc: '' },
      { key: 'Priced', kind: 'interface', exported: true, doc: '' },
      { key: 'Priced.price', kind: 'method', exported: true, doc: '' },
      { key: 'Priced.twice', kind: 'method', exported: true, doc: '' },
      { key: 'Cache.get', kind: 'method', exported: false, doc: '' },
      { key: 'Rates.new', kind: 'method', exported: true, doc: '' },
      { key: 'Rates.open', kind: 'method', exported: true, doc: '' },
      { key: 'Rates.of', kind: 'method', exported: true, doc: '' },
      { key: 'Rates.fmt', kind: 'method', exported: false, doc: '' },
    ])
    const of = code.facts(rates).symbols.find((symbol) => symbol.key === 'Rates.of')
    expect(of).toMatchObject({
      signature: 'pub fn of(&self, country: &str) -> f64',
      parameters: ['self', 'country'],
      startLine: 10,
      endLine: 10,
      nameColumn: 11,
    })
    const pays = code.facts(invoice).symbols.filter((symbol) => symbol.test === true)
    expect(pays.map((symbol) => symbol.key)).toEqual(['tests', 'tests.pays'])
  })

  it('asks for each file of a folder what `self` and `super` are', async () => {
    const code = await linkedCode({
      'Cargo.toml': '[package]\nname = "x"\n',
      'src/lib.rs': 'mod a;\nmod b;\n',
      'src/a.rs': 'mod part;\nuse self::part::go;\nfn run() { go(); }\n',
      'src/b.rs': 'mod part;\nuse self::part::go;\nfn run() { go(); }\n',
      'src/a/part.rs': 'pub fn go() { super::run(); }\n',
      'src/b/part.rs': 'pub fn go() { super::run(); }\n',
      'tests/one.rs': 'fn help() {}\nmod deep { fn f() { crate::help(); } }\n',
      'tests/two.rs': 'fn help() {}\nmod deep { fn f() { crate::help(); x::a::run(); } }\n',
    })
    expect(code.of('calls')).toEqual([
      'src/a.rs#run -> src/a/part.rs#go',
      'src/a/part.rs#go -> src/a.rs#run',
      'src/b.rs#run -> src/b/part.rs#go',
      'src/b/part.rs#go -> src/b.rs#run',
      'tests/one.rs#deep.f -> tests/one.rs#help',
      'tests/two.rs#deep.f -> src/a.rs#run',
      'tests/two.rs#deep.f -> tests/two.rs#help',
    ])
  })

  it('takes odd source as far as it goes', async () => {
    const deep = `fn f() { ${'('.repeat(5_000)}1${')'.repeat(5_000)}; ${'{'.repeat(3_000)}g()${'}'.repeat(3_000)} }\nfn g() {}\n`
    const code = await linkedCode({
      'src/empty.rs': '',
      'src/crlf.rs': '\uFEFFpub fn a() {\r\n    b();\r\n}\r\n/// Says b.\r\nfn b() {}\r\n',
      'src/broken.rs': 'fn ok() { later() }\nfn broken( { \nimpl X { fn y(&self) { self.y() } }\nfn later() {}\n',
      'src/replaced.rs': 'fn \uFFFD() {}\nfn kept() { kept2(); }\nfn kept2() {}\n',
      'src/deep.rs': deep,
    })
    expect(code.facts('src/empty.rs')).toMatchObject({ symbols: [], uses: [], errorLine: null })
    expect(code.of('calls').filter((edge) => edge.startsWith('src/crlf'))).toEqual(['src/crlf.rs#a -> src/crlf.rs#b'])
    expect(code.facts('src/crlf.rs').symbols.map((symbol) => symbol.doc)).toEqual(['', 'Says b.'])
    expect(code.facts('src/broken.rs').errorLine).toBe(2)
    expect(code.of('calls')).toContain('src/broken.rs#ok -> src/broken.rs#later')
    expect(code.of('calls')).toContain('src/replaced.rs#kept -> src/replaced.rs#kept2')
    expect(code.facts('src/deep.rs').symbols.map((symbol) => symbol.key)).toEqual(['f', 'g'])
  })
})
