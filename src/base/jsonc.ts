// Comments in JSON (`//`, `/* */`), and a comma before a closing bracket: for files that people write.

const COMMENTS = /"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
const LAST_COMMAS = /"(?:[^"\\\n]|\\.)*"|,(?=\s*[}\]])/g;

/**
 * The text as plain JSON: comments and commas before a closing bracket are blanked, not cut out, so that every line and
 * column stays what it is.
 */
export function blankComments(text: string): string {
  const blank = (part: string): string => (part.startsWith('"') ? part : part.replace(/[^\n]/g, ' '));
  return text.replace(COMMENTS, blank).replace(LAST_COMMAS, blank);
}
