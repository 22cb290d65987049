import { describe, expect, it } from 'vitest'
import { linkedCode } from '../../../testing/linked-code'

const library = {
  'include/lib/rates.h': `#ifndef RATES_H
#define RATES_H
#ifdef __cplusplus
extern "C" {
#endif
#define RATES_MAX 8
#define RATES_AT(r, i) ((r)->values[i])
typedef struct rates {
  double values[RATES_MAX];
  struct cache *cache;
  double (*look_up)(const char *country);
} rates;
enum mode { MODE_OPEN, MODE_SHUT = 4 };
typedef int (*rates_fn)(rates *r, int mode);
/* How much a country takes. */
double rates_of(const rates *r, const char *country);
rates *rates_new(void);
void rates_each(rates *r, rates_fn fn);
extern int rates_count;
#ifdef __cplusplus
}
#endif
#endif
`,
  'src/rates.c': `#include "lib/rates.h"
#include <stdlib.h>
int rates_count = 0;
static double clamp(double v) { return v; }
struct cache { int hits; };
double rates_of(const rates *r, const char *country)
{
    struct cache *c = r->cache;
    c->hits++;
    return clamp(RATES_AT(r, 0)) + r->look_up(country);
}
rates *rates_new(void) { rates_count += 1; return malloc(sizeof(rates)); }
#ifdef FAST
void rates_each(rates *r, rates_fn fn) { fn(r, MODE_OPEN); }
#else
void rates_each(rates *r, rates_fn fn) { clamp(1); }
#endif
`,
  'src/main.c': `#include "lib/rates.h"
static int visit(rates *r, int mode) { return mode == MODE_SHUT; }
int main(int argc, char **argv) {
    rates *made = rates_new();
    rates_each(made, visit);
    printf("%f", rates_of(made, argv[1]));
    int clamp = 3;
    return clamp;
}
`,
  'CMakeLists.txt': 'include_directories(include "${PROJECT_SOURCE_DIR}/cpp")\n',
}

const classes = {
  'cpp/order.h': `#pragma once
#include <memory>
#include "base.h"
namespace shop {
class Line;
/// What somebody ordered.
class SHOP_EXPORT Order : public Base {
 public:
  explicit Order(int total) : Base("x"), total_(total) {}
  ~Order() override = default;
  double price() const override { return total_ + lines().front(); }
  static Order make(int total) { return Order(total); }
  Line *first() const { return first_.get(); }
  static int count;
  enum class State { kOpen, kShut };
 private:
  void note() { log("n"); total_ = 2; }
  int total_;
  std::unique_ptr<Line> first_;
};
template <typename T> T twice(T value) { return value + value; }
}
`,
  'cpp/base.h': `namespace shop {
class Base {
 public:
  Base(const char *name) {}
  virtual double price() const = 0;
  void log(const char *text) { (void)text; }
};
class Line { public: int sum() { return 1; } };
inline int helper() { return 1; }
}
`,
  'cpp/use.cc': `#include "order.h"
using namespace shop;
namespace { int hidden() { return helper(); } }
int Order::count = 0;
double run(Order &order, Base *base) {
  auto made = shop::Order::make(3);
  made.price();
  Order other(4);
  other.log("a");
  base->price();
  order.first()->sum();
  Order *fresh = new Order(twice<int>(1));
  fresh->log("b");
  auto later = [&](Line &line) { return line.sum(); };
  auto state = Order::State::kOpen;
  return hidden() + Order::count;
}
`,
  'cpp/order_test.cc': `#include "order.h"
TEST(OrderTest, Prices) { shop::Order order(1); EXPECT_EQ(order.price(), 1); }
class Fixture { public: void prepare() {} };
TEST_F(Fixture, Prepared) { prepare(); }
`,
}

describe('C', () => {
  it('calls the definition where a header only says that there is one', async () => {
    const code = await linkedCode(library)
    expect(code.of('calls')).toEqual(
      [
        'src/main.c#main -> src/rates.c#rates_each',
        'src/main.c#main -> src/rates.c#rates_new',
        'src/main.c#main -> src/rates.c#rates_of',
        'src/rates.c#rates_each -> src/rates.c#clamp',
        'src/rates.c#rates_of -> include/lib/rates.h#RATES_AT',
        'src/rates.c#rates_of -> include/lib/rates.h#rates.look_up',
        'src/rates.c#rates_of -> src/rates.c#clamp',
      ].toSorted(),
    )
    expect(code.of('imports')).toEqual(['src/main.c -> include/lib/rates.h', 'src/rates.c -> include/lib/rates.h'])
    expect(code.of('writes')).toEqual([
      'src/rates.c#rates_new -> src/rates.c#rates_count',
      'src/rates.c#rates_of -> src/rates.c#cache.hits',
    ])
    expect(code.of('reads')).toContain('src/main.c#visit -> include/lib/rates.h#MODE_SHUT')
    expect(code.of('references')).toContain('src/main.c#main -> src/main.c#visit')
  })

  it('says what symbols are', async () => {
    const code = await linkedCode(library)
    expect(code.facts('include/lib/rates.h').errorLine).toBeNull()
    expect(code.facts('include/lib/rates.h').symbols.map((symbol) => `${symbol.kind} ${symbol.key}`)).toEqual([
      'variable RATES_MAX',
      'function RATES_AT',
      'class rates',
      'property rates.values',
      'property rates.cache',
      'property rates.look_up',
      'enum mode',
      'variable MODE_OPEN',
      'variable MODE_SHUT',
      'type rates_fn',
      'function rates_of',
      'function rates_new',
      'function rates_each',
      'variable rates_count',
    ])
    const of = code.facts('include/lib/rates.h').symbols.find((symbol) => symbol.key === 'rates_of')
    expect(of).toMatchObject({
      doc: 'How much a country takes.',
      signature: 'double rates_of(const rates *r, const char *country);',
      parameters: ['r', 'country'],
      nameLine: 16,
      nameColumn: 7,
    })
    expect(code.facts('src/rates.c').symbols.map((symbol) => `${symbol.exported ? '+' : '-'} ${symbol.key}`)).toEqual([
      '+ rates_count',
      '- clamp',
      '+ cache',
      '+ cache.hits',
      '+ rates_of',
      '+ rates_new',
      '+ rates_each',
    ])
  })

  it('takes odd source as far as it goes', async () => {
    const code = await linkedCode({
      'empty.c': '',
      'crlf.c': '\uFEFF#include "crlf.h"\r\n/* Says a. */\r\nint a(void)\r\n{\r\n    return b();\r\n}\r\n',
      'crlf.h': 'int b(void) { return 1; }\r\n',
      'broken.c': 'int ok(void) { return later(); }\nint broken( {\nint later(void) { return 1; }\n',
      'split.c':
        'int split(void)\n{\n#ifdef A\n  if (a()) {\n#else\n  if (b()) {\n#endif\n    c();\n  }\n}\nint after(void) { return split(); }\n',
      'deep.c': `int f(void) { return ${'('.repeat(5_000)}1${')'.repeat(5_000)}; }\nint g(void) { ${'{'.repeat(3_000)}f();${'}'.repeat(3_000)} f(); }\n`,
      'data.c': `int table[] = { ${'1, '.repeat(20_000)} };\n`,
    })
    expect(code.facts('empty.c')).toMatchObject({ symbols: [], errorLine: null })
    expect(code.of('calls')).toContain('crlf.c#a -> crlf.h#b')
    expect(code.facts('crlf.c').symbols).toMatchObject([{ key: 'a', doc: 'Says a.', startLine: 3, endLine: 6 }])
    expect(code.facts('broken.c').errorLine).not.toBeNull()
    expect(code.facts('broken.c').symbols.map((symbol) => symbol.key)).toContain('ok')
    expect(code.of('calls')).toContain('deep.c#g -> deep.c#f')
    expect(code.facts('data.c').symbols.map((symbol) => symbol.key)).toEqual(['table'])
  })
})

describe('C++', () => {
  it('finds calls over classes, namespaces, templates and smart pointers', async () => {
    const code = await linkedCode(classes)
    expect(code.of('calls').filter((edge) => edge.startsWith('cpp/use.cc'))).toEqual(
      [
        'cpp/use.cc#hidden -> cpp/base.h#helper',
        'cpp/use.cc#run -> cpp/base.h#Base.log',
        'cpp/use.cc#run -> cpp/base.h#Base.price',
        'cpp/use.cc#run -> cpp/base.h#Line.sum',
        'cpp/use.cc#run -> cpp/order.h#Order',
        'cpp/use.cc#run -> cpp/order.h#Order.first',
        'cpp/use.cc#run -> cpp/order.h#Order.make',
        'cpp/use.cc#run -> cpp/order.h#Order.price',
        'cpp/use.cc#run -> cpp/order.h#twice',
        'cpp/use.cc#run -> cpp/use.cc#hidden',
      ].toSorted(),
    )
    expect(code.of('calls')).toContain('cpp/order.h#Order.note -> cpp/base.h#Base.log')
    expect(code.of('calls')).toContain('cpp/order_test.cc#Fixture_Prepared -> cpp/order_test.cc#Fixture.prepare')
    expect(code.of('inherits')).toContain('cpp/order.h#Order -> cpp/base.h#Base')
    expect(code.of('tests')).toContain('cpp/order_test.cc#OrderTest_Prices -> cpp/order.h#Order.price')
    expect(code.of('writes')).toContain('cpp/order.h#Order.note -> cpp/order.h#Order.total_')
  })

  it('leaves every name where it stands when words are taken out before parsing', async () => {
    const code = await linkedCode({
      'late.h': '\n\n// x\n\nclass\n  LIB_EXPORT(1)\n  Late : public Base {\n  int field;\n};\n\n  LIB_API int after();\n',
    })
    expect(
      code.facts('late.h').symbols.map(({ key, startLine, nameLine, nameColumn }) => ({ key, startLine, nameLine, nameColumn })),
    ).toEqual([
      { key: 'Late', startLine: 5, nameLine: 7, nameColumn: 2 },
      { key: 'Late.field', startLine: 8, nameLine: 8, nameColumn: 6 },
      { key: 'after', startLine: 11, nameLine: 11, nameColumn: 14 },
    ])
  })

  it('puts what is defined outside of a class into the class', async () => {
    const code = await linkedCode({
      'file.h':
        'namespace io {\nclass file { public: int size(); static file open(const char *name); private: int fd_; int stat(int flags); };\nint now();\n}\n',
      'file.cc':
        '#include "file.h"\nnamespace io {\nint file::stat(int flags) { return fd_ + flags; }\nint file::size() { fd_ = now(); return stat(1); }\nfile file::open(const char *name) { return file(); }\n}\nint io::now() { return io::file::open("x").size(); }\n',
    })
    expect(code.facts('file.cc').symbols.map((symbol) => symbol.key)).toEqual(['io', 'file.stat', 'file.size', 'file.open', 'now'])
    expect(code.of('contains')).toContain('file.h#file -> file.cc#file.size')
    expect(code.of('writes')).toEqual(['file.cc#file.size -> file.h#file.fd_'])
    expect(code.of('calls').filter((edge) => edge.startsWith('file.cc#file.size'))).toContain('file.cc#file.size -> file.cc#now')
  })

  it('says what symbols are, past the macros before their names', async () => {
    const code = await linkedCode(classes)
    expect(code.facts('cpp/order.h').errorLine).toBeNull()
    expect(code.facts('cpp/order.h').symbols.map((symbol) => `${symbol.exported ? '+' : '-'} ${symbol.kind} ${symbol.key}`)).toEqual([
      '+ module shop',
      '+ class Order',
      '+ method Order.Order',
      '+ method Order.~Order',
      '+ method Order.price',
      '+ method Order.make',
      '+ method Order.first',
      '+ property Order.count',
      '+ enum Order.State',
      '+ property Order.State.kOpen',
      '+ property Order.State.kShut',
      '- method Order.note',
      '- property Order.total_',
      '- property Order.first_',
      '+ function twice',
    ])
    expect(code.facts('cpp/order.h').symbols[1]).toMatchObject({ doc: 'What somebody ordered.', nameLine: 7, nameColumn: 18 })
    expect(code.facts('cpp/use.cc').symbols.map((symbol) => `${symbol.exported ? '+' : '-'} ${symbol.key}`)).toEqual([
      '- hidden',
      '+ Order.count',
      '+ run',
    ])
  })
})
