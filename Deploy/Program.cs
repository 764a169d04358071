using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Commands;

AppDomain.CurrentDomain.UnhandledException += (_, thrown) =>
{
    // An unhandled exception on a background thread. The runtime would abort with a stack trace and a core dump.
    if (thrown.ExceptionObject is Exception e)
    {
        Environment.Exit(FailureReport.Print(e) == ExitCode.Usage ? ExitCode.Usage : ExitCode.Failed);
    }
};

return await CommandLine.RunAsync(args);
