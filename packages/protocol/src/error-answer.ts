import * as z from 'zod/mini';
import { jsonSchema } from './value.ts';

/** The body of every answer that is an error. `code` is of the catalogue in `errors.ts`. */
export const errorAnswerSchema = z.object({
  error: z.object({
    code: z.string().check(z.maxLength(64)),
    params: z.record(z.string(), jsonSchema),
    /** The number of the request in the server's log. */
    requestId: z.string(),
  }),
});
export type ErrorAnswer = z.infer<typeof errorAnswerSchema>;
