import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { invariant } from '@satchel/protocol';
import { type PlantedBug, repositoryFolder, withBug } from './planted-bug.ts';

const PACKAGES = ['protocol', 'core', 'schema', 'server', 'client', 'testing', 'simulation'] as const;

/**
 * A copy of the built packages in a temporary folder, with everything else linked to the
 * checkout. A bug is planted by writing one file of the copy anew.
 */
export class PlantedTree {
  readonly folder: string;
  readonly #transpile: (source: string) => string;

  private constructor(folder: string, transpile: (source: string) => string) {
    this.folder = folder;
    this.#transpile = transpile;
  }

  static async make(): Promise<PlantedTree> {
    const typescript = (await import('typescript')).default;
    const folder = mkdtempSync(join(tmpdir(), 'satchel-planted-'));
    const modules = join(repositoryFolder, 'node_modules');
    invariant(existsSync(modules), 'planted bugs need a checkout of the sources');
    mkdirSync(join(folder, 'node_modules', '@satchel'), { recursive: true });
    for (const name of readdirSync(modules)) {
      if (name !== '@satchel' && !name.startsWith('.'))
        symlinkSync(join(modules, name), join(folder, 'node_modules', name));
    }
    for (const name of PACKAGES) {
      const [from, to] = [join(repositoryFolder, 'packages', name), join(folder, 'packages', name)];
      mkdirSync(to, { recursive: true });
      cpSync(join(from, 'package.json'), join(to, 'package.json'));
      cpSync(join(from, 'dist'), join(to, 'dist'), {
        recursive: true,
        filter: (path) => !/\.(map|d\.ts|tsbuildinfo)$/.test(path),
      });
      // What is read as a file beside the sources, such as the SQL of the server.
      symlinkSync(join(from, 'src'), join(to, 'src'));
      symlinkSync(to, join(folder, 'node_modules', '@satchel', name));
    }
    return new PlantedTree(folder, (source) => {
      const { outputText } = typescript.transpileModule(source, {
        compilerOptions: {
          module: typescript.ModuleKind.ESNext,
          target: typescript.ScriptTarget.ES2023,
          rewriteRelativeImportExtensions: true,
          verbatimModuleSyntax: true,
        },
      });
      return outputText;
    });
  }

  #built(file: string): string {
    return join(this.folder, file.replace('/src/', '/dist/').replace(/\.tsx?$/, '.js'));
  }

  plant(bug: PlantedBug): void {
    writeFileSync(this.#built(bug.file), this.#transpile(withBug(bug)));
  }

  /** Puts the file back as it was built. */
  weed({ file }: PlantedBug): void {
    const original = join(repositoryFolder, file.replace('/src/', '/dist/').replace(/\.tsx?$/, '.js'));
    writeFileSync(this.#built(file), readFileSync(original));
  }

  /** The built file of the hunt, with whatever is planted around it. */
  get hunt(): string {
    return join(this.folder, 'packages', 'simulation', 'dist', 'planted', 'hunt.js');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
