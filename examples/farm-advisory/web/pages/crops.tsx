import { ConflictInbox, RecordBadge, useConflicts, useTexts, useToasts } from '@satchel/react';
import { type ReactElement, useId, useState } from 'react';
import { useMutation, useQuery } from '../hooks.ts';
import { type FarmText, useSay } from '../texts.ts';

interface Crop {
  readonly id: string;
  readonly farmer_id: string;
  readonly crop_type: string;
  readonly acreage: string;
  readonly planted_on: string | null;
  readonly harvested_on: string | null;
}

/** Crops as the table has them; each is a text of the app too. */
const CROPS = ['maize', 'beans', 'millet', 'cassava', 'tomatoes'] as const satisfies readonly FarmText[];
const isKnown = (crop: string): crop is (typeof CROPS)[number] => CROPS.some((one) => one === crop);

/** As the column takes it. */
const ACREAGE = String.raw`\d{1,6}(\.\d{1,2})?`;

/** The name of a crop in the window's language; one that the app does not know stays as it was written. */
export const useCropName = (): ((crop: string) => string) => {
  const say = useSay();
  return (crop) => (isKnown(crop) ? say(crop) : crop);
};

/** Records that want a decision stand first; below, every field of every farmer, to be corrected on the spot. */
export const Crops = (): ReactElement => {
  const { person } = useTexts();
  const { open, settled } = useConflicts();
  const { rows } = useQuery<Crop>({
    sql: `select id, farmer_id, crop_type, acreage, planted_on, harvested_on
            from crop_records order by farmer_id, id`,
    identity: ['id'],
  });
  const farmers = [...new Set(rows.map(({ farmer_id }) => farmer_id))];
  return (
    <div className="stack">
      {open.length + settled.length > 0 ? <ConflictInbox /> : null}
      {farmers.map((farmer) => (
        <section key={farmer} className="farmer" aria-label={person(farmer)}>
          <h3>{person(farmer)}</h3>
          <ul>
            {rows
              .filter(({ farmer_id }) => farmer_id === farmer)
              .map((crop) => (
                <CropRow key={crop.id} crop={crop} />
              ))}
          </ul>
        </section>
      ))}
    </div>
  );
};

const CropRow = ({ crop }: { readonly crop: Crop }): ReactElement => {
  const say = useSay();
  const cropName = useCropName();
  const { root } = useTexts();
  const [editing, setEditing] = useState(false);
  const day = (date: string): string =>
    new Intl.DateTimeFormat(root.lang, { dateStyle: 'medium', timeZone: 'UTC' }).format(Date.parse(date));
  const acres = new Intl.NumberFormat(root.lang, { style: 'unit', unit: 'acre', unitDisplay: 'long' });
  const { acreage, crop_type, harvested_on, id, planted_on } = crop;
  if (editing) return <CropForm crop={crop} close={() => setEditing(false)} />;
  return (
    <li className="card crop">
      <span className="what">
        <strong>{cropName(crop_type)}</strong>
        <span>{acres.format(Number(acreage))}</span>
      </span>
      <span className="when">
        {planted_on === null ? null : <span>{say('planted', { day: day(planted_on) })}</span>}
        {harvested_on === null ? null : <span>{say('harvested', { day: day(harvested_on) })}</span>}
      </span>
      <RecordBadge table="cropRecords" recordKey={id} />
      <button
        type="button"
        aria-label={say('editOf', { crop: cropName(crop_type) })}
        onClick={() => setEditing(true)}
      >
        {say('edit')}
      </button>
    </li>
  );
};

const CropForm = ({ crop, close }: { readonly crop: Crop; readonly close: () => void }): ReactElement => {
  const say = useSay();
  const cropName = useCropName();
  const { problem: explain } = useTexts();
  const { problem, write } = useMutation();
  const { saved } = useToasts();
  const first = useId();
  const { acreage, crop_type, harvested_on, id, planted_on } = crop;
  const save = async (data: FormData): Promise<void> => {
    const fields = ['crop_type', 'acreage', 'planted_on', 'harvested_on'] as const;
    const typed = fields.map((name) => [name, String(data.get(name)) || null] as const);
    // Only what was changed is written: what somebody else changed meanwhile stays theirs.
    const changed = typed.filter(([name, value]) => value !== crop[name]);
    if (changed.length > 0) {
      await write({
        sql: `update crop_records set ${changed.map(([name]) => `${name} = ?`).join(', ')} where id = ?`,
        parameters: [...changed.map(([, value]) => value), id],
      });
      saved(cropName(crop_type));
    }
    close();
  };
  return (
    <li className="card">
      <form
        action={save}
        className="fields"
        onKeyDown={({ key }) => {
          if (key === 'Escape') close();
        }}
      >
        <label htmlFor={first}>
          {say('crop')}
          <select id={first} name="crop_type" defaultValue={crop_type} ref={(input) => input?.focus()}>
            {[...new Set<string>([...CROPS, crop_type])].map((one) => (
              <option key={one} value={one}>
                {cropName(one)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {say('acreage')}
          <input name="acreage" inputMode="decimal" required pattern={ACREAGE} defaultValue={acreage} />
        </label>
        <label>
          {say('plantedOn')}
          <input name="planted_on" type="date" defaultValue={planted_on ?? ''} />
        </label>
        <label>
          {say('harvestedOn')}
          <input name="harvested_on" type="date" defaultValue={harvested_on ?? ''} />
        </label>
        {problem ? <p role="alert">{explain(problem)}</p> : null}
        <span className="buttons">
          <button type="submit" className="main">
            {say('save')}
          </button>
          <button type="button" className="plain" onClick={close}>
            {say('cancel')}
          </button>
        </span>
      </form>
    </li>
  );
};
