import { describe, expect, it } from 'vitest'
import { linkedCode } from '../../../testing/linked-code'

const shop = {
  'pyproject.toml': '[tool.setuptools.packages.find]\nwhere = ["source"]\n',
  'source/shop/__init__.py': `"""A shop."""
from .models import Order
from . import rates
`,
  'source/shop/rates.py': `__all__ = ["rate_for"]
BASE = 1.5
def rate_for(country: str) -> float:
    """How much.

    More.
    """
    return _look_up(country) * BASE
def _look_up(country): return 1
`,
  'source/shop/models.py': `from __future__ import annotations
from typing import Optional
from .rates import *
from enum import Enum

class Status(Enum):
    OPEN = 1

class Base:
    def total(self): return 0
    @classmethod
    def make(cls): return cls()

class Order(Base):
    owner: Optional[User] = None
    def __init__(self, user_id, status=Status.OPEN):
        super().__init__()
        self.user_id = user_id
        self.lines = None
        self.lines = Lines()
    @property
    def label(self) -> str:
        return f"{self.user_id}"
    def total(self):
        def inner(x): return x
        return rate_for("DE") + super().total() + self.lines.sum() + inner(1) + self.owner.age()

class Lines:
    def sum(self): return 0

class User:
    def age(self): return Order.make().total()
`,
  'source/shop/app.py': `import shop.rates
import shop
from shop.models import Order as Bill, User
COUNT = 0
def run(request):
    global COUNT
    COUNT += 1
    user_id = request["user_id"]
    bill = Bill(user_id, status=None)
    with bill as entered:
        entered.total()
    items = [shop.rates.rate_for(c) for c in request.countries]
    from .late import later
    later(user_id=bill.user_id)
    return shop.Order.make()
`,
  'source/shop/late.py': 'def later(*, user_id):\n    print(user_id)\n    return user_id\n',
  'tests/test_app.py': `from shop.app import run
class TestRun:
    def test_runs(self):
        run({})
def helper(): run(None)
def test_all(): helper()
`,
}

describe('Python', () => {
  it('finds calls over modules, classes and imports of every form', async () => {
    const code = await linkedCode(shop)
    const [app, models, rates] = ['source/shop/app.py', 'source/shop/models.py', 'source/shop/rates.py']
    expect(code.of('calls')).toEqual(
      [
        `${app}#run -> ${models}#Base.make`,
        `${app}#run -> ${models}#Order`,
        `${app}#run -> ${models}#Order.total`,
        `${app}#run -> ${rates}#rate_for`,
        `${app}#run -> source/shop/late.py#later`,
        `${models}#Base.make -> ${models}#Base`,
        `${models}#Order -> ${models}#Order.__init__`,
        `${models}#Order.__init__ -> ${models}#Lines`,
        `${models}#Order.total -> ${models}#Base.total`,
        `${models}#Order.total -> ${models}#Lines.sum`,
        `${models}#Order.total -> ${models}#User.age`,
        `${models}#Order.total -> ${rates}#rate_for`,
        `${models}#User.age -> ${models}#Base.make`,
        `${models}#User.age -> ${models}#Base.total`,
        `${rates}#rate_for -> ${rates}#_look_up`,
        `tests/test_app.py#TestRun.test_runs -> ${app}#run`,
        'tests/test_app.py#helper -> source/shop/app.py#run',
        'tests/test_app.py#test_all -> tests/test_app.py#helper',
      ].toSorted(),
    )
    expect(code.of('tests')).toEqual([`tests/test_app.py -> ${app}#run`, `tests/test_app.py#TestRun.test_runs -> ${app}#run`])
    expect(code.of('writes')).toEqual([
      `${app}#run -> ${app}#COUNT`,
      `${models}#Order.__init__ -> ${models}#Order.lines`,
      `${models}#Order.__init__ -> ${models}#Order.user_id`,
    ])
  })

  it('says what symbols are', async () => {
    const code = await linkedCode(shop)
    expect(
      code
        .facts('source/shop/rates.py')
        .symbols.map(({ key, kind, exported, doc, parameters }) => ({ key, kind, exported, doc, parameters })),
    ).toEqual([
      { key: '__all__', kind: 'variable', exported: false, doc: '', parameters: undefined },
      { key: 'BASE', kind: 'variable', exported: false, doc: '', parameters: undefined },
      { key: 'rate_for', kind: 'function', exported: true, doc: 'How much.', parameters: ['country'] },
      { key: '_look_up', kind: 'function', exported: false, doc: '', parameters: ['country'] },
    ])
    expect(code.facts('source/shop/models.py').symbols.map((symbol) => `${symbol.kind} ${symbol.key}`)).toEqual([
      'enum Status',
      'property Status.OPEN',
      'class Base',
      'method Base.total',
      'method Base.make',
      'class Order',
      'property Order.owner',
      'method Order.__init__',
      'property Order.label',
      'method Order.total',
      'property Order.user_id',
      'property Order.lines',
      'class Lines',
      'method Lines.sum',
      'class User',
      'method User.age',
    ])
    expect(code.facts('source/shop/__init__.py').fileDoc).toBe('A shop.')
  })

  it('follows values', async () => {
    const code = await linkedCode(shop)
    const [app, models] = ['source/shop/app.py', 'source/shop/models.py']
    expect(code.edges.filter((edge) => edge.kind === 'flows_to').map((edge) => `${edge.from} -> ${edge.to}: ${edge.method}`)).toEqual(
      expect.arrayContaining([
        `property:user_id -> ${app}#run(user_id): property read`,
        `${app}#run(user_id) -> ${models}#Order.__init__(user_id): argument to parameter`,
        `${models}#Order.__init__(user_id) -> ${models}#Order.user_id: property written`,
        `${models}#Order.user_id -> source/shop/late.py#later(user_id): argument to parameter`,
        'source/shop/late.py#later(user_id) -> source/shop/late.py#later: returned',
        `${models}#Order.user_id -> ${models}#Order.label: part of a value`,
      ]),
    )
  })

  it('reads what it can of a file with syntax errors', async () => {
    const code = await linkedCode({ 'a.py': 'def ok():\n    broken(\n\nclass Later:\n    def m(self): ok()\n' })
    expect(code.facts('a.py').errorLine).toBe(2)
    expect(code.facts('a.py').symbols.map((symbol) => symbol.key)).toContain('ok')
  })
})
