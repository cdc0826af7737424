import type { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { GitHubContext } from './context.ts'

export type FieldError = { resource: string; field: string; code: string; message?: string } | string

/** An error answer in GitHub's shape: `message`, `documentation_url`, `status` and, for 422, `errors`. */
export function problem(
  status: ContentfulStatusCode,
  message: string,
  more: { errors?: FieldError[]; page?: string; [key: string]: unknown } = {},
): HTTPException {
  const { page = '', ...rest } = more
  const body = {
    message,
    ...rest,
    documentation_url: `https://docs.github.com/rest${page}`,
    status: String(status),
  }
  return new HTTPException(status, { message, res: Response.json(body, { status }) })
}

export const notFound = () => problem(404, 'Not Found')

export function invalid(errors: FieldError[]): HTTPException {
  return problem(422, 'Validation Failed', { errors })
}

export function unprocessable(message: string, errors?: FieldError[]): HTTPException {
  return problem(422, message, errors ? { errors } : {})
}

/** Every error leaves as JSON: GitHub's own refusals, unknown routes, and faults of the sandbox as a 500 with the reason. */
export function answerErrors(app: Hono<GitHubContext>): void {
  app.notFound((c) =>
    c.json({ message: 'Not Found', documentation_url: 'https://docs.github.com/rest', status: '404' }, 404),
  )
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse()
    return c.json({ message: `Sandbox fault: ${error.message}`, status: '500' }, 500)
  })
}
