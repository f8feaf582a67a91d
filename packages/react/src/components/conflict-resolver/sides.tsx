import type { ReactElement } from 'react';
import { useNow } from '../../hooks/use-now.ts';
import { Icon } from '../../icons.tsx';
import { useTexts } from '../../texts/use-texts.ts';
import type { ConflictModel } from './use-conflict-resolver.ts';

/** Who, when, and on which device, for each side; and which of them deleted the record. */
export const Sides = ({
  model: { conflict, deletedBy, deviceLabel },
}: {
  readonly model: ConflictModel;
}): ReactElement => {
  const { t, ago, person, time } = useTexts();
  const now = useNow();
  const sides = [
    {
      side: 'device',
      name: deviceLabel,
      who: conflict.author,
      device: conflict.deviceName,
      at: conflict.clientAt ?? conflict.createdAt,
    },
    {
      side: 'server',
      name: t('colServer'),
      who: conflict.serverBy,
      device: conflict.serverDevice,
      at: conflict.serverAt,
    },
  ] as const;
  return (
    <div className="satchel-sides">
      {sides.map(({ at, device, name, side, who }) => (
        <div key={side} className="satchel-side" data-side={side}>
          <Icon name={side} />
          <div>
            <p className="satchel-side-name">
              <strong>{name}</strong>
              {deletedBy === side ? (
                <span className="satchel-badge satchel-tone-bad">
                  <Icon name="trash" />
                  <span>{t('opDelete')}</span>
                </span>
              ) : null}
            </p>
            <p>
              {[
                who === undefined ? null : t('madeBy', { who: person(who) }),
                device === undefined ? null : t('madeOn', { device }),
              ]
                .filter(Boolean)
                .join(' ')}
            </p>
            {at === undefined ? null : <p>{`${time(at)} (${ago(at, now)})`}</p>}
          </div>
        </div>
      ))}
    </div>
  );
};
