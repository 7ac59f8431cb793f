/** `APP_ENV`: the environment that every envelope names. */
export type ApiEnvironment = 'development' | 'production';
