import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LSP_PROJECT } from '../../../testing/lsp-project'
import { APP_ROOT, GUEST_NODE, makeOverlayWorkspace, type OverlayWorkspace } from '../../../testing/overlay-workspace'
import { createLspDriver, type LspDriver } from './lsp-driver'
import { lspBinds } from './server-process'
import { toolCaller } from '../../../testing/lsp-tool-caller'

describe('language knowledge of a TypeScript project', () => {
  let workspace: OverlayWorkspace
  let driver: LspDriver
  let call: ReturnType<typeof toolCaller>

  beforeAll(async () => {
    workspace = makeOverlayWorkspace(LSP_PROJECT, lspBinds(APP_ROOT))
    const sandbox = await workspace.open()
    driver = createLspDriver({ appRoot: APP_ROOT, guestNode: GUEST_NODE })
    call = toolCaller(driver, sandbox)
  })
  afterAll(async () => {
    await driver.dispose()
    await workspace.dispose()
  })

  test('references of a class are whole on the first, cold question, with their lines', async () => {
    const { locations } = await call('lsp.references', { path: 'src/account.ts', line: 2, column: 13 })
    expect(locations.map((one) => `${one.path}:${one.startLine}:${one.startColumn} ${one.context}`)).toMatchInlineSnapshot(`
      [
        "src/account.ts:2:13 export class Account {",
        "src/account.ts:11:72 export function openAccount(userId: string): { userId: string; account: Account } {",
        "src/account.ts:12:32 return { userId, account: new Account(userId) }",
        "src/account.ts:17:49 export default function describeAccount(account: Account): string {",
        "src/billing.ts:2:9 import { Account, openAccount } from './index'",
        "src/billing.ts:10:20 export type Payer = Account",
        "src/index.ts:1:9 export { Account, openAccount } from './account'",
        "src/view.tsx:1:9 import { Account } from './index'",
        "src/view.tsx:11:46 export function AccountView(props: { account: Account }) {",
        "src/view.tsx:15:30 export const page = (account: Account) => <AccountView account={account} />",
        "test/account.test.ts:1:9 import { Account } from '../src/index'",
        "test/account.test.ts:3:20 const account = new Account('u1')",
      ]
    `)
  })

  test('definition goes through a re-export', async () => {
    const { locations } = await call('lsp.definition', { path: 'src/billing.ts', line: 5, column: 23 })
    expect(locations).toMatchInlineSnapshot(`
      [
        {
          "context": "export function openAccount(userId: string): { userId: string; account: Account } {",
          "endColumn": 27,
          "endLine": 11,
          "kind": "definition",
          "path": "src/account.ts",
          "startColumn": 16,
          "startLine": 11,
          "symbol": "openAccount",
        },
      ]
    `)
  })

  test('hover', async () => {
    expect((await call('lsp.hover', { path: 'src/billing.ts', line: 10, column: 20 })).text).toMatchInlineSnapshot(`
      "\`\`\`typescript
      (alias) class Account
      import Account
      \`\`\`
      Somebody who pays."
    `)
  })

  test('document symbols are flat, in order, with their containers', async () => {
    const { symbols } = await call('lsp.documentSymbols', { path: 'src/account.ts' })
    expect(symbols.map((one) => `${one.nameLine}:${one.nameColumn} ${one.kind} ${one.container ?? '-'}.${one.name}`))
      .toMatchInlineSnapshot(`
      [
        "2:13 class -.Account",
        "3:2 constructor Account.constructor",
        "3:23 property Account.userId",
        "3:47 property Account.balance",
        "5:2 method Account.pay",
        "11:16 function -.openAccount",
        "12:11 property openAccount.userId",
        "12:19 property openAccount.account",
        "15:13 constant -.LIMIT",
        "17:24 function -.describeAccount",
      ]
    `)
  })

  test('workspace symbols', async () => {
    const { symbols } = await call('lsp.workspaceSymbols', { query: 'Account' })
    expect(symbols.map((one) => `${one.path}:${one.nameLine}:${one.nameColumn} ${one.kind} ${one.name}`)).toMatchInlineSnapshot(`
      [
        "src/account.ts:2:13 class Account",
        "src/index.ts:1:9 alias Account",
        "src/account.ts:11:16 function openAccount",
        "src/account.ts:11:63 property account",
        "src/account.ts:17:24 function describeAccount",
        "src/billing.ts:5:10 const account",
        "src/index.ts:1:18 alias openAccount",
        "src/index.ts:2:20 alias describeAccount",
        "src/view.tsx:11:16 function AccountView",
        "test/account.test.ts:3:6 const account",
      ]
    `)
  })

  test('rename of a class through re-exports', async () => {
    const { edit } = await call('lsp.rename', { path: 'src/account.ts', line: 2, column: 13, newName: 'Ledger' })
    expect(edit.files.map((file) => [file.path, file.edits.map((one) => `${one.startLine}:${one.startColumn} ${one.newText}`).join(', ')]))
      .toMatchInlineSnapshot(`
      [
        [
          "src/account.ts",
          "2:13 Ledger, 11:72 Ledger, 12:32 Ledger, 17:49 Ledger",
        ],
        [
          "src/billing.ts",
          "2:9 Ledger, 10:20 Ledger",
        ],
        [
          "src/index.ts",
          "1:9 Ledger",
        ],
        [
          "src/view.tsx",
          "1:9 Ledger, 11:46 Ledger, 15:30 Ledger",
        ],
        [
          "test/account.test.ts",
          "1:9 Ledger, 3:20 Ledger",
        ],
      ]
    `)
  })

  test('rename of a parameter keeps the property of a shorthand', async () => {
    const { edit } = await call('lsp.rename', { path: 'src/account.ts', line: 11, column: 28, newName: 'owner' })
    expect(edit.files.map((file) => [file.path, file.edits.map((one) => `${one.startLine}:${one.startColumn} ${one.newText}`).join(', ')]))
      .toMatchInlineSnapshot(`
      [
        [
          "src/account.ts",
          "11:28 owner, 12:11 userId: owner, 12:40 owner",
        ],
      ]
    `)
  })

  test('organise imports', async () => {
    expect(await call('lsp.organiseImports', { path: 'src/billing.ts' })).toMatchInlineSnapshot(`
      {
        "edit": {
          "create": [],
          "files": [],
          "move": [],
          "remove": [],
        },
      }
    `)
  })

  test('move a function to a new file', async () => {
    expect(await call('lsp.moveSymbol', { path: 'src/account.ts', line: 11, column: 17, toPath: 'src/open.ts' })).toMatchInlineSnapshot(`
      {
        "edit": {
          "create": [
            {
              "path": "src/open.ts",
              "text": "import { Account } from './account'

      export function openAccount(userId: string): { userId: string; account: Account } {
        return { userId, account: new Account(userId) }
      }
      ",
            },
          ],
          "files": [
            {
              "edits": [
                {
                  "endColumn": 0,
                  "endLine": 15,
                  "newText": "",
                  "startColumn": 0,
                  "startLine": 11,
                },
              ],
              "path": "src/account.ts",
              "version": "91a62881d276ee0858f2bcba4250168438eadd529cbcf36438caa2a9282d49a4",
            },
            {
              "edits": [
                {
                  "endColumn": 0,
                  "endLine": 2,
                  "newText": "export { Account } from './account'
      export { openAccount } from './open'
      ",
                  "startColumn": 0,
                  "startLine": 1,
                },
              ],
              "path": "src/index.ts",
              "version": "b0e2c8064d75b2f00b01726aaff2d441f0176ebf19bf6363ed400bb5dde390a3",
            },
          ],
          "move": [],
          "remove": [],
        },
      }
    `)
  })

  test('move a constant to an existing file', async () => {
    expect(await call('lsp.moveSymbol', { path: 'src/account.ts', line: 15, column: 14, toPath: 'src/view.tsx' })).toMatchInlineSnapshot(`
      {
        "edit": {
          "create": [],
          "files": [
            {
              "edits": [
                {
                  "endColumn": 0,
                  "endLine": 1,
                  "newText": "import { LIMIT } from './view'

      ",
                  "startColumn": 0,
                  "startLine": 1,
                },
                {
                  "endColumn": 0,
                  "endLine": 17,
                  "newText": "",
                  "startColumn": 0,
                  "startLine": 15,
                },
              ],
              "path": "src/account.ts",
              "version": "91a62881d276ee0858f2bcba4250168438eadd529cbcf36438caa2a9282d49a4",
            },
            {
              "edits": [
                {
                  "endColumn": 0,
                  "endLine": 2,
                  "newText": "import describe from './account'
      import { LIMIT } from './view'
      ",
                  "startColumn": 0,
                  "startLine": 1,
                },
              ],
              "path": "src/billing.ts",
              "version": "7385d1e0780969fd4de7b34ee353f1c4ac928391ac6723ae08ab679cc8e898d6",
            },
            {
              "edits": [
                {
                  "endColumn": 0,
                  "endLine": 16,
                  "newText": "export const LIMIT = 100
      ",
                  "startColumn": 0,
                  "startLine": 16,
                },
              ],
              "path": "src/view.tsx",
              "version": "04c75066e6a09737b9fb1f79feac4cbf5cba805ba85ffb8befd3991f0311d66e",
            },
          ],
          "move": [],
          "remove": [],
        },
      }
    `)
  })

  test('diagnostics', async () => {
    expect(await call('lsp.diagnostics', { paths: Object.keys(LSP_PROJECT).filter((path) => /tsx?$/.test(path)) })).toMatchInlineSnapshot(`
      {
        "diagnostics": [],
      }
    `)
  })
})
