/** By its names, which a CommonJS package has no more when the build has made a file of its own of it. */
export { SequelizeStorage, Umzug } from 'umzug';
