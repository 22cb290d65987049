/** A small TypeScript project with the shapes that renames and moves trip over. */
export const LSP_PROJECT: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "sample", "type": "module" }\n',
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'es2022',
      module: 'esnext',
      moduleResolution: 'bundler',
      jsx: 'preserve',
      strict: true,
      noUnusedLocals: true,
    },
    include: ['src'],
  }),
  'src/account.ts': `/** Somebody who pays. */
export class Account {
  constructor(readonly userId: string, private balance = 0) {}

  pay(amount: number): number {
    this.balance += amount
    return this.balance
  }
}

export function openAccount(userId: string): { userId: string; account: Account } {
  return { userId, account: new Account(userId) }
}

export const LIMIT = 100

export default function describeAccount(account: Account): string {
  return \`\${account.userId} of \${LIMIT}\`
}
`,
  'src/index.ts': `export { Account, openAccount } from './account'
export { default as describeAccount } from './account'
`,
  'src/billing.ts': `import describe, { LIMIT } from './account'
import { Account, openAccount } from './index'

export function bill(userId: string): string {
  const { account } = openAccount(userId)
  if (account.pay(1) > LIMIT) throw new Error('limit')
  return describe(account)
}

export type Payer = Account
`,
  'src/view.tsx': `import { Account } from './index'

declare global {
  namespace JSX {
    interface IntrinsicElements {
      span: { title?: string }
    }
  }
}

export function AccountView(props: { account: Account }) {
  return <span title={props.account.userId} />
}

export const page = (account: Account) => <AccountView account={account} />
`,
  // In no tsconfig: found all the same.
  'test/account.test.ts': `import { Account } from '../src/index'

const account = new Account('u1')
if (account.pay(2) !== 2) throw new Error('balance')
`,
}
