/** Where an entry lies, in words. Pure. */

export function environmentWords(environment: string): string {
  return environment === "" ? "no environment" : environment;
}

/** `user u-7` of `user:u-7`. */
export function scopeWords(scope: string): string {
  return scope === "" ? "everybody's" : scope.replace(/^(\w+):(?=.)/, "$1 ");
}
