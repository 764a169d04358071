using MobileVlm.Edge.Deploy.Commands;

AppDomain.CurrentDomain.UnhandledException += (_, thrown) =>
{
    // On a thread that nobody waits for. The runtime would abort with a stack trace and a core.
    if (thrown.ExceptionObject is Exception e)
    {
        Environment.Exit(FailureReport.Print(e) == ExitCode.Usage ? ExitCode.Usage : ExitCode.Failed);
    }
};

return await CommandLine.RunAsync(args);
