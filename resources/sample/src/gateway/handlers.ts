import { authenticate, authoriseOwner, type AuthSettings } from '../auth/authenticate.ts'
import { createInvoice, quoteInvoice, type InvoiceServices } from '../invoices/invoice-service.ts'
import { created, ok, type ApiRequest, type ApiResponse } from './http.ts'
import { parseDraft } from './parse-draft.ts'

export interface GatewayServices extends InvoiceServices {
  readonly auth: AuthSettings
}

/** The user_id of the caller: from here it flows into invoices and billing, and nothing else names a user. */
function callerOf(request: ApiRequest, services: GatewayServices): string {
  return authenticate(request.headers['authorization'], services.users, services.auth)
}

export async function handleCreateInvoice(request: ApiRequest, services: GatewayServices): Promise<ApiResponse> {
  const userId = callerOf(request, services)
  const invoice = await createInvoice(services, userId, parseDraft(request.body))
  return created({ id: invoice.id, user_id: invoice.userId, status: invoice.status, gross_cents: invoice.total.gross.cents })
}

export async function handleQuote(request: ApiRequest, services: GatewayServices): Promise<ApiResponse> {
  const userId = callerOf(request, services)
  return ok({ gross_cents: quoteInvoice(services, userId, parseDraft(request.body)).gross.cents })
}

export async function handleGetInvoice(request: ApiRequest, services: GatewayServices): Promise<ApiResponse> {
  const userId = callerOf(request, services)
  const invoice = services.invoices.get(request.path.slice('/invoices/'.length))
  authoriseOwner(userId, invoice.userId)
  return ok({ id: invoice.id, status: invoice.status, gross_cents: invoice.total.gross.cents })
}
