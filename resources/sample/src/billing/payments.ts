import type { Money } from './money.ts'

export interface PaymentReceipt {
  readonly reference: string
  readonly amount: Money
}

/** The payment provider. `idempotencyKey` makes a repeated charge the same charge. */
export interface PaymentProvider {
  charge(userId: string, amount: Money, idempotencyKey: string): Promise<PaymentReceipt>
}

/** Accepts everything up to a limit; used in development and in tests. */
export class FakePaymentProvider implements PaymentProvider {
  readonly charges: { readonly userId: string; readonly amount: Money; readonly idempotencyKey: string }[] = []
  readonly #limitCents: number

  constructor(limitCents: number) {
    this.#limitCents = limitCents
  }

  async charge(userId: string, amount: Money, idempotencyKey: string): Promise<PaymentReceipt> {
    if (amount.cents > this.#limitCents) throw new Error('limit exceeded')
    if (!this.charges.some((charge) => charge.idempotencyKey === idempotencyKey)) {
      this.charges.push({ userId, amount, idempotencyKey })
    }
    return { reference: `pay_${idempotencyKey}`, amount }
  }
}
