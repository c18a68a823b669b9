using Vrrp.Daemon;
using Vrrp.Daemon.Configuration.Report;
using Vrrp.Daemon.Guarding;
using Vrrp.Daemon.KeepalivedImport;

switch (args)
{
    case ["--config", string file]:
        return await RunCommand.RunAsync(file);
    case ["check", .. string[] files]:
        return ReportCommand.Run(files, Console.Out, Console.Error);
    case ["import", .. string[] files]:
        return ImportCommand.Run(files, Console.Out, Console.Error);
    case ["status"]:
        return await StatusCommand.RunAsync("127.0.0.1:9098");
    case ["status", string endpoint]:
        return await StatusCommand.RunAsync(endpoint);
    case [GuardianProcess.Command, .. string[] locks]:
        return Guardian.Run(locks);
    case ["--version"]:
        Console.WriteLine($"vrrpd {DaemonVersion.Text}");
        return ExitCode.Ok;
    default:
        Console.Error.WriteLine("""
            usage: vrrpd --config FILE      run
                   vrrpd check FILE [FILE]  what it does, and what to look at; the second: the peer's
                   vrrpd import FILE        the same for a keepalived.conf: JSON, and on stderr what changes
                   vrrpd status [HOST:PORT] what a running vrrpd does (127.0.0.1:9098)
                   vrrpd --version
            """);
        return ExitCode.Usage;
}
