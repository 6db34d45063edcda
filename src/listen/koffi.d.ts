// What is used of the FFI library koffi. It is an optional dependency: where it is not installed, everything is checked and
// tested all the same. Its own declarations are not read.

declare module 'koffi' {
  interface Library {
    /** A function of the library by its C prototype: integers only, pointers as numbers. */
    func(prototype: string): (...values: number[]) => number;
  }

  const koffi: {
    /** `null`: what is linked into the program itself, the C library with it. */
    load(path: null): Library;
    /** Where memory lies. */
    address(memory: Uint8Array): bigint;
    /** `errno` as the last call left it. */
    errno(): number;
  };
  export default koffi;
}
