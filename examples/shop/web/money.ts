import { useTexts } from '@satchel/react';
import { totalOf } from '../src/money.ts';
import { useQuery } from './hooks.ts';

/** Writes amounts in the shop's currency and the window's language. */
export const useMoney = (): ((amount: string | number) => string) => {
  const { root } = useTexts();
  const { rows } = useQuery<{ readonly value: string }>({
    sql: "select value from settings where name = 'currency'",
  });
  const currency = rows[0] === undefined ? null : String(JSON.parse(rows[0].value));
  const form = new Intl.NumberFormat(root.lang, {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
    ...(currency === null ? {} : { style: 'currency', currency, currencyDisplay: 'narrowSymbol' }),
  });
  return (amount) => form.format(Number(amount));
};

/** What one line costs, exactly. */
export const costOf = (price: string, quantity: number): string => totalOf([{ price, quantity }]);
