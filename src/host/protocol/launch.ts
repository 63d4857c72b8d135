export interface Launch {
  /** The address to open, launch parameters included. */
  readonly url: string;
  /** `window.name` of the frame; set it before the address. */
  readonly name: string;
}

export interface LaunchOptions {
  readonly url: string;
  readonly conversationId: string;
  readonly controlId: string;
  readonly hostOrigin: string;
  readonly correlationId: string;
  readonly locale: string;
  readonly isDialog: boolean;
}

/**
 * The two carriers of what a frame must know before it can speak to us: the `_host_Info` query and the frame's name.
 * `disableLogging` keeps the library from loading its telemetry.
 */
export function launchOf(options: LaunchOptions): Launch {
  const dialog = options.isDialog ? 'isDialog' : '';
  const hostInfo = `Outlook$Web$16.01$${options.locale}$${options.correlationId}$${dialog}$disableLogging$0`;
  const url = new URL(options.url);
  url.search += `${url.search === '' ? '?' : '&'}_host_Info=${hostInfo}`;
  const name = JSON.stringify({
    baseFrameName: `_xdm_${options.controlId}${options.conversationId}`,
    hostInfo,
    xdmInfo: `${options.conversationId}|${options.controlId}|${options.hostOrigin}`,
    serializerVersion: 1,
    flights: '[]',
  });
  return { url: url.href, name };
}
