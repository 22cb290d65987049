/** A request and a response with nothing of a server in them, so that handlers are plain functions. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: unknown
}

export interface ApiResponse {
  readonly status: number
  readonly body: unknown
}

export function ok(body: unknown): ApiResponse {
  return { status: 200, body }
}

export function created(body: unknown): ApiResponse {
  return { status: 201, body }
}
