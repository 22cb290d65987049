import { describe, expect, it } from 'vitest'
import { linkedCode } from '../../../testing/linked-code'

const main = 'shop/src/main/java/org/shop'
const shop = {
  'shop/pom.xml': '<project/>',
  [`${main}/model/Order.java`]: `package org.shop.model;

import org.shop.rates.*;
import static org.shop.rates.Rates.forCountry;

/**
 * What somebody ordered.
 */
@Entity
public class Order extends Base implements Priced {
  private final Rates rates;
  protected int total, count = 1;
  static final Order EMPTY = new Order(null);

  public Order(Rates rates) { super("x"); this.rates = rates; }

  @Override public double price() {
    total += 1;
    Line line = new Line();
    line.sum();
    log("priced");
    return rates.of(forCountry("DE")) + super.price() + helper().count;
  }
  private Order helper() { return this; }
  void helper(int times) { Runnable later = () -> price(); Helper.help(Order::price); }

  class Line { int sum() { return helper().total; } }
  enum State { OPEN(1), CLOSED { void x() {} }; State(int n) {} }
  record Pair(int left, Order right) { Pair { check(); } static void check() {} }
  @interface Mark { String value() default ""; }
}

class Helper { static void help(Object o) {} }
`,
  [`${main}/model/Base.java`]: `package org.shop.model;
public abstract class Base {
  protected Base(String s) {}
  public double price() { return 0; }
  protected void log(String text) {}
}
`,
  [`${main}/model/Priced.java`]:
    'package org.shop.model;\npublic interface Priced { double price(); default double twice() { return price() * 2; } int MAX = 1; }\n',
  [`${main}/model/Entity.java`]: 'package org.shop.model;\npublic @interface Entity {}\n',
  [`${main}/rates/Rates.java`]: `package org.shop.rates;
public class Rates {
  public static String forCountry(String name) { return name; }
  public double of(String country) { return cache.read(country); }
  private Cache<String> cache;
  public static class Builder { public Rates build() { return new Rates(); } }
}
class Cache<T extends Object> { double read(T t) { return 1; } }
`,
  [`${main}/App.java`]: `package org.shop;
import org.shop.model.Order;
import org.shop.rates.Rates.Builder;
import org.shop.model.Order.Pair;
import java.util.List;
public class App {
  public static void main(String[] args) {
    var order = new Order(new Builder().build());
    order.price();
    for (Order each : all()) each.twice();
    Object o = order;
    if (o instanceof Pair pair) pair.right().price();
    Order.EMPTY.price();
    new Thread() { @Override public void run() { all(); start(); } }.start();
    try (Order opened = order) { opened.price(); } catch (Failure | Other e) { e.print(); }
  }
  static List<Order> all() { return null; }
}
`,
  'shop/src/test/java/org/shop/model/OrderTest.java': `package org.shop.model;
import org.junit.jupiter.api.Test;
import static org.junit.jupiter.api.Assertions.*;
class OrderTest {
  @Test void prices() { assertEquals(1, new Order(null).price()); }
}
`,
}
const [order, rates, app] = [`${main}/model/Order.java`, `${main}/rates/Rates.java`, `${main}/App.java`]

describe('Java', () => {
  it('finds calls over packages, nested types, bases and static imports', async () => {
    const code = await linkedCode(shop)
    expect(code.of('calls').filter((edge) => edge.startsWith(app))).toEqual(
      [
        `${app}#App.main -> ${order}#Order`,
        `${app}#App.main -> ${rates}#Rates.Builder`,
        `${app}#App.main -> ${rates}#Rates.Builder.build`,
        `${app}#App.main -> ${order}#Order.price`,
        `${app}#App.main -> ${app}#App.all`,
        `${app}#App.main -> ${order}#Order.Pair.right`,
        `${app}#App.main -> ${main}/model/Priced.java#Priced.twice`,
      ].toSorted(),
    )
    expect(code.of('calls').filter((edge) => edge.startsWith(`${order}#Order.price `))).toEqual(
      [
        `${order}#Order.price -> ${order}#Order.Line`,
        `${order}#Order.price -> ${order}#Order.Line.sum`,
        `${order}#Order.price -> ${main}/model/Base.java#Base.log`,
        `${order}#Order.price -> ${rates}#Rates.of`,
        `${order}#Order.price -> ${rates}#Rates.forCountry`,
        `${order}#Order.price -> ${main}/model/Base.java#Base.price`,
        `${order}#Order.price -> ${order}#Order.helper`,
      ].toSorted(),
    )
    expect(code.of('calls')).toContain(`${rates}#Rates.of -> ${rates}#Cache.read`)
    expect(code.of('inherits').filter((edge) => edge.startsWith(`${order}#Order `))).toEqual([
      `${order}#Order -> ${main}/model/Base.java#Base`,
      `${order}#Order -> ${main}/model/Priced.java#Priced`,
    ])
    expect(code.of('writes')).toEqual([`${order}#Order.Order -> ${order}#Order.rates`, `${order}#Order.price -> ${order}#Order.total`])
    expect(code.of('tests')).toContain(`shop/src/test/java/org/shop/model/OrderTest.java#OrderTest.prices -> ${order}#Order.price`)
    expect(code.of('references')).toContain(`${order}#Order -> ${main}/model/Entity.java#Entity`)
    expect(code.of('references')).toContain(`${order}#Order.helper -> ${order}#Order.price`)
    expect(code.of('imports').filter((edge) => edge.startsWith(app))).toEqual([`${app} -> ${order}`, `${app} -> ${rates}`])
  })

  it('says what symbols are', async () => {
    const code = await linkedCode(shop)
    expect(code.facts(order).symbols.map((symbol) => `${symbol.exported ? '+' : '-'} ${symbol.kind} ${symbol.key}`)).toEqual([
      '+ class Order',
      '- property Order.rates',
      '+ property Order.total',
      '+ property Order.count',
      '- property Order.EMPTY',
      '+ method Order.Order',
      '+ method Order.price',
      '- method Order.helper',
      '- class Order.Line',
      '- method Order.Line.sum',
      '- enum Order.State',
      '+ property Order.State.OPEN',
      '+ property Order.State.CLOSED',
      '- method Order.State.State',
      '- class Order.Pair',
      '+ property Order.Pair.left',
      '+ property Order.Pair.right',
      '- method Order.Pair.Pair',
      '- method Order.Pair.check',
      '- interface Order.Mark',
      '+ method Order.Mark.value',
      '- class Helper',
      '- method Helper.help',
    ])
    expect(code.facts(order).symbols[0]).toMatchObject({
      doc: 'What somebody ordered.',
      signature: '@Entity public class Order extends Base implements Priced',
      startLine: 9,
      nameLine: 10,
      nameColumn: 13,
    })
    expect(code.facts(rates).symbols.find((symbol) => symbol.name === 'of')?.parameters).toEqual(['country'])
  })

  it('takes odd source as far as it goes', async () => {
    const code = await linkedCode({
      'Empty.java': '',
      'a/Crlf.java': '\uFEFFpackage a;\r\n/** Says crlf. */\r\npublic class Crlf {\r\n  void m() { n(); }\r\n  void n() {}\r\n}\r\n',
      'a/Broken.java': 'package a;\nclass Broken {\n  void m() { new Crlf().n(); }\n  void x( {\n}\n',
      'a/Deep.java': `package a;\nclass Deep { int f() { return ${'('.repeat(5_000)}1${')'.repeat(5_000)}; } int g() { return f() ${'+ f()'.repeat(4_000)}; } }\n`,
    })
    expect(code.facts('Empty.java')).toMatchObject({ symbols: [], errorLine: null })
    expect(code.facts('a/Crlf.java').symbols[0]).toMatchObject({ key: 'Crlf', doc: 'Says crlf.', startLine: 3 })
    expect(code.facts('a/Broken.java').errorLine).not.toBeNull()
    expect(code.of('calls')).toContain('a/Broken.java#Broken.m -> a/Crlf.java#Crlf.n')
    expect(code.facts('a/Deep.java').symbols.map((symbol) => symbol.key)).toEqual(['Deep', 'Deep.f', 'Deep.g'])
  })
})
