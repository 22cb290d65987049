import { ServiceError } from '../shared/errors.ts'
import type { Logger } from '../shared/logger.ts'
import { formatMoney, type Money } from './money.ts'
import type { PaymentProvider, PaymentReceipt } from './payments.ts'

/** Charges the user once per invoice. Throws `payment-declined`. */
export async function chargeUser(
  payments: PaymentProvider,
  logger: Logger,
  userId: string,
  invoiceId: string,
  amount: Money,
): Promise<PaymentReceipt> {
  try {
    const receipt = await payments.charge(userId, amount, invoiceId)
    logger.log('info', 'charged', { user_id: userId, invoice_id: invoiceId, cents: amount.cents })
    return receipt
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    logger.log('warn', 'charge declined', { user_id: userId, invoice_id: invoiceId, reason })
    throw new ServiceError('payment-declined', `The payment of ${formatMoney(amount)} was declined.`, [reason])
  }
}
