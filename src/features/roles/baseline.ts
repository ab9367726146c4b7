import { PERMISSIONS, ROLES } from '../../../config/baseline.cjs';
import { AppError } from '../../core/errors.ts';

/** @throws AppError role_protected for a role without which the service does not work */
export function demandRemovableRole(name: string): void {
  if (Object.hasOwn(ROLES, name)) throw new AppError('role_protected', `The role ${name} cannot be deleted.`);
}

/** @throws AppError role_protected where one of the service's own roles would lose what makes it one */
export function demandBaselineKept(role: string, permissions: readonly string[]): void {
  const baseline = Object.hasOwn(ROLES, role) ? ROLES[role]?.permissions : undefined;
  const missing = baseline?.find((permission) => !permissions.includes(permission));
  if (missing === undefined) return;
  throw new AppError('role_protected', `The role ${role} must keep the permission ${missing}.`);
}

/** @throws AppError permission_protected for a permission that guards a route of the service */
export function demandRemovablePermission(name: string): void {
  if (Object.hasOwn(PERMISSIONS, name)) {
    throw new AppError('permission_protected', `The service itself asks for the permission ${name}.`);
  }
}
