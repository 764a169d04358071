using MobileVlm.Edge.Deploy.Commands;

return await CommandLine.RunAsync(args);
