import { ConfigError, loadConfig } from '../../src/config/config.ts';

/** What is wrong with an environment; empty where nothing is. */
export function configProblems(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}
