import type { Logger } from '../shared/logger.ts'
import { errorResponse } from './error-response.ts'
import { handleCreateInvoice, handleGetInvoice, handleQuote, type GatewayServices } from './handlers.ts'
import { ok, type ApiRequest, type ApiResponse } from './http.ts'
import { formatMoney } from '../billing/money.ts'

/** The gateway: the only way in. Every error leaves it as a response. */
export async function route(request: ApiRequest, services: GatewayServices): Promise<ApiResponse> {
  try {
    return await dispatch(request, services)
  } catch (error) {
    const response = errorResponse(error)
    logFailure(services.logger, request, response)
    return response
  }
}

function dispatch(request: ApiRequest, services: GatewayServices): Promise<ApiResponse> | ApiResponse {
  if (request.path === '/healthz') return ok({ status: 'ok' })
  if (request.method === 'POST' && request.path === '/invoices') return handleCreateInvoice(request, services)
  if (request.method === 'POST' && request.path === '/quotes') return handleQuote(request, services)
  if (request.method === 'GET' && request.path.startsWith('/invoices/')) return handleGetInvoice(request, services)
  return { status: 404, body: { code: 'not-found', message: `Nothing is at ${request.path}.` } }
}

function logFailure(logger: Logger, request: ApiRequest, response: ApiResponse): void {
  logger.log(response.status >= 500 ? 'error' : 'warn', 'request failed', { path: request.path, status: response.status })
}
