import { fileURLToPath } from "node:url";
import { getLibFiles, libFolderInMemoryPath, ts } from "@ts-morph/common";

/** The types of the installed `stripe` package, compiled. */
export interface PackageTypes {
  checker: ts.TypeChecker;
  /** The type of an interface's field; null when the interface has no such field. */
  field(interfaceName: string, field: string): ts.Type | null;
}

const emitted = fileURLToPath(new URL("emitted-types.ts", import.meta.url));
let compiled: PackageTypes | null = null;

/**
 * Compiles the package's types with TypeScript 6, once per process (about 4 s): TypeScript 7 exports no compiler API.
 * Throws when the file that names the types does not compile, for then the types say nothing.
 */
export function packageTypes(): PackageTypes {
  compiled ??= compile(emitted, "EmittedTypes");
  return compiled;
}

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  noEmit: true,
  allowImportingTsExtensions: true,
  types: [],
};

/** The bundle of TypeScript 6 carries the language's own declarations as text instead of files. */
function hostWithLibraries(): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  const texts = new Map(
    getLibFiles().map(({ fileName, text }) => [`${libFolderInMemoryPath}/${fileName}`, text]),
  );
  return {
    ...host,
    getDefaultLibLocation: () => libFolderInMemoryPath,
    getDefaultLibFileName: (given) => `${libFolderInMemoryPath}/${ts.getDefaultLibFileName(given)}`,
    fileExists: (file) => texts.has(file) || host.fileExists(file),
    readFile: (file) => texts.get(file) ?? host.readFile(file),
    getSourceFile: (file, version, onError) => {
      const text = texts.get(file);
      return text === undefined
        ? host.getSourceFile(file, version, onError)
        : ts.createSourceFile(file, text, version);
    },
  };
}

/** Compiles one source file and answers the fields of its interfaces. */
export function compile(file: string, ...interfaces: string[]): PackageTypes {
  const program = ts.createProgram([file], options, hostWithLibraries());
  const source = program.getSourceFile(file);
  const errors = program.getSemanticDiagnostics(source);
  if (!source || errors.length > 0) {
    const texts = errors.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
    throw new Error(`${file} does not compile: ${texts.join("; ")}`);
  }
  const checker = program.getTypeChecker();
  const types = new Map(
    source.statements
      .filter(ts.isInterfaceDeclaration)
      .map((declaration) => [declaration.name.text, checker.getTypeAtLocation(declaration)]),
  );
  for (const name of interfaces) if (!types.has(name)) throw new Error(`${file} has no interface ${name}`);
  return {
    checker,
    field: (name, field) => {
      const property = types.get(name)?.getProperty(field);
      return property ? checker.getTypeOfSymbol(property) : null;
    },
  };
}
