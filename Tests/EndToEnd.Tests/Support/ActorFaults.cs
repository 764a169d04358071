using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Akka.Actor;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using MobileVlm.Edge.Actors;
using MobileVlm.Edge.Deploy.Hosting;

namespace MobileVlm.Edge.EndToEnd.Tests.Support;

/// <summary>Makes actors of a real <c>mobilevlm</c> process fail. That is not possible from outside, so this assembly is loaded
/// into the process as a startup hook of .NET; the service itself has no code for it.</summary>
internal static class ActorFaults
{
    private const string FileVariable = "MOBILEVLM_TEST_ACTOR_FAULTS";

    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>The environment of a process that reads the file that <see cref="Fail"/> writes.</summary>
    public static Dictionary<string, string> ReadFrom(string file) => new()
    {
        ["DOTNET_STARTUP_HOOKS"] = typeof(ActorFaults).Assembly.Location,
        [FileVariable] = file,
    };

    /// <summary>Makes an actor of the process that reads this file fail a number of times in a row.</summary>
    /// <param name="file">The file given to <see cref="ReadFrom"/>; it must not exist yet.</param>
    /// <param name="actor">The actor's path below <c>/user</c>.</param>
    /// <param name="times">The number of failures.</param>
    public static void Fail(string file, string actor, int times)
    {
        // The file is written in one step, because the process may read it at any moment.
        var draft = file + ".new";
        File.WriteAllText(draft, string.Create(CultureInfo.InvariantCulture, $"{actor} {times}"));
        File.Move(draft, file);
    }

    /// <summary>Runs in the process under test, before its <c>Main</c>.</summary>
    public static void Install()
    {
        if (Environment.GetEnvironmentVariable(FileVariable) is { Length: > 0 } file)
        {
            DiagnosticListener.AllListeners.Subscribe(new Observer<DiagnosticListener>(listener =>
            {
                if (listener.Name == "Microsoft.Extensions.Hosting")
                {
                    listener.Subscribe(new Observer<KeyValuePair<string, object?>>(diagnosticEvent =>
                    {
                        if (diagnosticEvent is { Key: "HostBuilt", Value: IHost host })
                        {
                            new Thread(() => FailWhenRequested(host, file)) { Name = "test-faults", IsBackground = true }.Start();
                        }
                    }));
                }
            }));
        }
    }

    private static void FailWhenRequested(IHost host, string file)
    {
        while (!File.Exists(file))
        {
            Thread.Sleep(PollEvery);
        }

        var request = File.ReadAllText(file).Split(' ');
        var edge = host.Services.GetRequiredService<EdgeHostedService>().System
            ?? throw new InvalidOperationException("The service has not started.");
        var actors = (ActorSystem)typeof(EdgeSystem)
            .GetProperty("Actors", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(edge)!;
        for (var time = 0; time < int.Parse(request[1], CultureInfo.InvariantCulture); time++)
        {
            // The message waits in the mailbox while the actor waits for its restart.
            actors.ActorSelection($"/user/{request[0]}").Tell(Kill.Instance);
        }
    }

    private sealed class Observer<T>(Action<T> onNext) : IObserver<T>
    {
        public void OnNext(T value) => onNext(value);

        public void OnError(Exception error)
        {
            // Neither source reports errors.
        }

        public void OnCompleted()
        {
            // There is nothing to release.
        }
    }
}
