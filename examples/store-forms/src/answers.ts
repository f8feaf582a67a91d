import type { LocalDatabase, Validator } from '@satchel/schema';

/** What a field of a form may be answered with. */
export type AnswerValue = string | number | boolean | readonly string[] | null;

export interface Answer {
  readonly fieldId: string;
  readonly value: AnswerValue;
}

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((member) => typeof member === 'string');

/** Refuses an answer that no field can have: an object, or a list of anything but texts. */
export const answer: Validator = (value) =>
  typeof value === 'object' && value !== null && !isTexts(value)
    ? { code: 'answer_invalid', params: {} }
    : undefined;

/** Writes answers over those that are there, one row for each field. */
export const keepAnswers = (db: LocalDatabase, submissionId: string, answers: readonly Answer[]): void => {
  for (const { fieldId, value } of answers) {
    const text = value === null ? null : JSON.stringify(value);
    const known = db.get('select id from submission_answers where submission_id = ? and field_id = ?', [
      submissionId,
      fieldId,
    ]);
    if (known === undefined) {
      db.run('insert into submission_answers (id, submission_id, field_id, value) values (?, ?, ?, ?)', [
        db.newId(),
        submissionId,
        fieldId,
        text,
      ]);
    } else {
      db.run('update submission_answers set value = ? where id = ?', [text, known.id]);
    }
  }
};
