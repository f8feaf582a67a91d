import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The file that takes longest by far: begun last, it would run alone. */
const LONGEST = 'packages/simulation/src/seeds.pg.test.ts';

/** The order of test files: the longest first, then as Vitest has them. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLongest = ({ moduleId }: TestSpecification): boolean => moduleId.endsWith(LONGEST);
    return [...sorted.filter(isLongest), ...sorted.filter((file) => !isLongest(file))];
  }
}
