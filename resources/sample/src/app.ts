import { FakePaymentProvider } from './billing/payments.ts'
import type { Config } from './config.ts'
import type { GatewayServices } from './gateway/handlers.ts'
import { InvoiceRepository } from './invoices/invoice-repository.ts'
import { EmailQueue } from './notifications/email-queue.ts'
import { Notifier } from './notifications/notifier.ts'
import type { Logger } from './shared/logger.ts'
import { UserRepository } from './users/user-repository.ts'

/** Wires everything together once. The clock is passed in so that tests own the time. */
export function createApp(config: Config, logger: Logger, nowSeconds: () => number): GatewayServices {
  return {
    users: new UserRepository(),
    invoices: new InvoiceRepository(),
    payments: new FakePaymentProvider(config.chargeLimitCents),
    notifier: new Notifier(new EmailQueue()),
    logger,
    auth: { secret: config.secret, nowSeconds },
  }
}
