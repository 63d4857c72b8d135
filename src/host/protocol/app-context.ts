export interface AppContextOptions {
  readonly controlId: string;
  readonly addinId: string;
  readonly addinName: string;
  /** Origins with scheme; the library lets dialogs open there only. */
  readonly domains: readonly string[];
  readonly locale: string;
  readonly correlationId: string;
  readonly width: number;
  readonly height: number;
  /** Key -> JSON text of the value, as `roamingSettings.saveAsync` hands them over. */
  readonly roamingSettings: Readonly<Record<string, unknown>>;
}

/**
 * The highest requirement sets that the npm build of office.js can serve; announcing more would offer calls that the
 * library does not have.
 */
const requirements = {
  Mailbox: '1.12',
  IdentityAPI: '1.3',
  DialogApi: '1.2',
  DialogOrigin: '1.1',
  AddInCommands: '1.1',
};

/** The answer to `getAppContextAsync`. The library throws where one of the first nine is missing or null. */
export function appContextOf(options: AppContextOptions): object {
  return {
    _id: options.controlId,
    _appName: 64,
    _appVersion: '16.01',
    _appUILocale: options.locale,
    _dataLocale: options.locale,
    _docUrl: '',
    _clientMode: 1,
    _settings: options.roamingSettings,
    _reason: 'documentOpened',
    _osfControlType: 1,
    _eToken: '',
    _correlationId: options.correlationId,
    _appInstanceId: options.addinId,
    _requirementMatrix: JSON.stringify(requirements),
    _dialogRequirementMatrix: JSON.stringify(requirements),
    _hostFullVersion: '16.01',
    _hostCustomMessage: null,
    _clientWindowHeight: options.height,
    _clientWindowWidth: options.width,
    _addinName: options.addinName,
    _appDomains: options.domains,
    _featureGates: {},
    _initialDisplayMode: 2,
    _marketplaceType: 0,
    _wacHostEnvironment: '0',
    _isFromWacAutomation: false,
  };
}
