using MobileVlm.Edge.Connectors.Tests.Outbox;

// The test host does not come through here: this is for tests that need a process of their own.
if (args is not [OutboxChild.Command, .. var rest])
{
    Console.Error.WriteLine("These are tests: run 'dotnet test'.");
    return 2;
}

return await OutboxChild.RunAsync(rest);
