// The package is an alias of @lydell/node-pty, whose own types are declared under that name only.
declare module 'node-pty' {
  export interface IPty {
    readonly pid: number
    write(data: string): void
    resize(cols: number, rows: number): void
    onData(listener: (data: string) => void): { dispose(): void }
    onExit(listener: (event: { exitCode: number; signal?: number }) => void): { dispose(): void }
  }
  export function spawn(
    file: string,
    args: readonly string[],
    options: { name: string; cols: number; rows: number; cwd: string; env: Record<string, string> },
  ): IPty
}
