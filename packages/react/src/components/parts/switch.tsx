import { type ReactElement, useId } from 'react';

/** A choice of two with a sentence that says what holds now. */
export const Switch = ({
  label,
  says,
  on,
  change,
}: {
  readonly label: string;
  readonly says: string;
  readonly on: boolean;
  readonly change: (on: boolean) => void;
}): ReactElement => {
  const said = useId();
  return (
    <div className="satchel-switch">
      <label>
        <span className="satchel-switch-label">{label}</span>
        <input
          type="checkbox"
          role="switch"
          checked={on}
          aria-checked={on}
          aria-describedby={said}
          onChange={(event) => change(event.currentTarget.checked)}
        />
        <span className="satchel-switch-track" aria-hidden="true" />
      </label>
      <p id={said}>{says}</p>
    </div>
  );
};
