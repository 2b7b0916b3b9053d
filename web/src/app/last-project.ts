/** The project that was looked at last, in this browser: where `/` leads. */
const PLACE = "quarterdeck.project";

export function rememberProject(project: string): void {
  try {
    localStorage.setItem(PLACE, project);
  } catch {
    // A full or forbidden store takes this shortcut, and nothing else.
  }
}

/** null where none was remembered; it may be gone since. */
export function lastProject(): string | null {
  try {
    return localStorage.getItem(PLACE);
  } catch {
    return null;
  }
}
